// The preview of set-up: the widget as a shop's page has it, opened at once. The loader plays what was called before it came.

export {};

const waiting = (window.Parlor ??= { q: [] });
waiting.q ? waiting.q.push(['open']) : (waiting as { open(): void }).open();
