// The look of rich messages; it comes with them.
export default `.rich{display:grid;gap:8px}
.caption{unicode-bidi:plaintext}
.picture{display:block;margin:-5px -10px}
.picture img{display:block;width:auto;max-width:100%;height:auto;max-height:260px;border-radius:14px;background:var(--line);object-fit:cover}
.file,.elsewhere{display:flex;flex-wrap:wrap;align-items:center;gap:0 10px;color:inherit;text-decoration:none;font-weight:600}
a.file:hover bdi,.elsewhere:hover{text-decoration:underline}
.file{display:grid;grid-template-columns:auto 1fr}
.kind{grid-row:span 2;display:grid;place-items:center;width:40px;height:44px;border-radius:8px;border:1.5px solid;font-size:11px;text-transform:uppercase}
.size,.elsewhere span{font-size:12px;font-weight:400}
.elsewhere span{flex-basis:100%;color:var(--muted)}
.choices{display:flex;flex-wrap:wrap;gap:8px}
.choices button,select{padding:4px 16px;border:1.5px solid var(--accent);border-radius:22px;background:var(--bg);color:var(--accent);font-weight:600;text-align:start}
.choices :disabled{border-color:var(--line);color:var(--muted);cursor:default}
.choices [aria-pressed=true]{border-color:var(--accent);background:var(--accent);color:var(--bg)}
select{flex:1;min-width:0;min-height:44px;border-radius:12px;font:inherit;color:var(--text)}
.cards{display:flex;gap:10px;margin:0 -14px;padding:2px 14px 8px;overflow-x:auto;scroll-snap-type:x mandatory;scroll-padding:14px;list-style:none;scrollbar-width:thin}
.cards li{flex:0 0 200px;display:flex;flex-direction:column;gap:4px;padding:10px;border-radius:12px;background:var(--bg);scroll-snap-align:start}
.cards .picture{margin:-10px -10px 4px}
.cards img{width:100%;height:120px;border-radius:12px 12px 0 0}
.cards .choices{margin-top:auto;padding-top:6px}
.cards button{flex:1;text-align:center}`;
