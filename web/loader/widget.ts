// `/widget.js`: the launcher for a page that names its channel.

import { launch } from './launch.ts';

const script = (document.currentScript ?? document.querySelector('script[data-channel]')) as HTMLScriptElement;
const token = script.dataset.channel!;

launch(script.src, '.', token, `parlor_sid_${token}`, () => `widget/panel?channel=${token}`);
