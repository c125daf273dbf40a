// The look of the forms; it comes with them.
export default `.ask{display:grid;gap:12px;max-height:70dvh;padding:16px 16px max(16px,env(safe-area-inset-bottom));overflow-y:auto;border-top:1px solid var(--line)}
.ask h2{font-size:15px}
.ask label,legend{display:block;font-size:13px;font-weight:600}
.ask label{margin-bottom:4px}
small{font-weight:400;color:var(--muted)}
.ask input,.ask select,.rate textarea{width:100%;min-height:44px;padding:9px 12px;border:1px solid var(--edge);border-radius:12px;background:var(--bg);color:var(--text);font:inherit}
.ask :is(input,select):focus-visible,.rate textarea:focus-visible{border-color:var(--accent);outline:0;box-shadow:0 0 0 1px var(--accent)}
.ask [aria-invalid]{border-color:var(--bad)}
@media(pointer:coarse){.ask input,.ask select{font-size:16px}}
.wrong{margin-top:4px;font-size:13px;color:var(--bad)}
.wrong:empty{display:none}
.go{width:100%;padding:0 18px;border-radius:22px;background:var(--primary);color:var(--ink);font-weight:600;box-shadow:var(--ring)}
.go:disabled{opacity:.6;cursor:default}
.note p{margin-top:4px}
.rate{margin:10px 12px 4px;padding:14px;border:1px solid var(--line);border-radius:12px;text-align:center}
.rate form{padding:0}
fieldset{min-width:0;border:0;padding:0}
legend{width:100%}
.stars{display:inline-flex;margin-top:6px}
.stars label{position:relative;width:44px;height:44px;cursor:pointer}
.stars input{position:absolute;z-index:1;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}
.stars i{display:block;width:28px;height:28px;margin:8px;background:var(--edge);clip-path:polygon(50% 3%,63% 36%,98% 38%,71% 60%,80% 95%,50% 75%,20% 95%,29% 60%,2% 38%,37% 36%)}
.stars label:has(~label :checked)>i,.stars :checked+i,.stars .on{background:var(--accent)}
.stars label:has(:focus-visible){outline:2px solid var(--text);outline-offset:-2px;border-radius:12px}
span.stars{margin:0 0 2px}
span.stars i{width:18px;height:18px;margin:3px}
span.stars i:not(.on){background:var(--line)}
.ends{display:flex;justify-content:space-between;width:220px;max-width:100%;margin:0 auto;font-size:12px;color:var(--muted)}
.rest{display:grid;gap:10px;margin-top:10px;text-align:start}
.rate textarea{max-height:none;resize:none}
.rate:has(.thanks){padding-bottom:4px}
.thanks{font-size:13px}
.thanks:focus{outline:0}
.thanks+button{padding:0 12px;font-size:13px;font-weight:600;color:var(--accent)}
@media(hover:hover){.stars:not(:has(:checked)) label:hover>i,.stars:not(:has(:checked)) label:has(~label:hover)>i{background:var(--accent)}}
@media(forced-colors:active){.stars i{background:GrayText;forced-color-adjust:none}.stars label:has(~label :checked)>i,.stars :checked+i,.stars .on{background:Highlight}.go{border:1px solid}}`;
