// The preview of set-up: the widget as a shop's page has it, opened at once. The loader plays what was called before it came.

interface Parlor {
  open(): void;
  on(event: string, hear: () => void): void;
}

const early: [string, ...unknown[]][] = [];
const parlor: Parlor =
  window.Parlor && !window.Parlor.q
    ? (window.Parlor as Parlor)
    : { open: () => early.push(['open']), on: (event, hear) => early.push(['on', event, hear]) };
window.Parlor ??= { q: early };

/** Opening must not take the focus out of the form beside the frame: the panel gets it once somebody is in it. */
parlor.on('ready', () => {
  const panel = document.querySelector('parlor-chat')!.shadowRoot!.querySelector('iframe')!.contentWindow as Window & typeof globalThis;
  const { prototype } = panel.HTMLElement;
  const { focus } = prototype;
  prototype.focus = () => {};
  const give = () => {
    prototype.focus = focus;
  };
  for (const act of ['pointerdown', 'keydown']) panel.addEventListener(act, give, { once: true, capture: true });
});
parlor.open();

export {};
