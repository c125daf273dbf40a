// `/chat-widget/embed.js`: the launcher for a page that has an embed token.

import { launch } from './launch.ts';

const script = (document.currentScript ?? document.querySelector('script[data-embed-token]')) as HTMLScriptElement;
const token = script.dataset.embedToken!;

// The frame is part of the page from the beginning, as integrators expect it; its panel stays quiet until it is opened.
launch(script.src, '..', token, `cw_sid_${token}`, (id) => `chat-widget?embed_token=${token}&session_id=${encodeURIComponent(id)}`, true);
