// The look of what the loader puts into a foreign page. It lives in a shadow root, so the page's rules stay outside.
export default `:host{all:initial!important}
button,iframe{position:fixed;bottom:calc(20px + env(safe-area-inset-bottom));right:calc(20px + env(safe-area-inset-right));border:0;z-index:2147483647;box-shadow:0 0 0 1px #8884,0 8px 32px #0003}
.left{right:auto;left:calc(20px + env(safe-area-inset-left))}
button{width:56px;height:56px;border-radius:50%;padding:14px;cursor:pointer;forced-color-adjust:none}
button:focus-visible{outline:2px solid #fff;box-shadow:0 0 0 5px #111}
button:before{content:"";display:block;height:28px;background:currentColor;clip-path:path(evenodd,"M6 3h16a5 5 0 0 1 5 5v9a5 5 0 0 1-5 5h-8l-6 5v-5h-2a5 5 0 0 1-5-5V8a5 5 0 0 1 5-5M7 12.5a1.7 1.7 0 0 0 3.4 0a1.7 1.7 0 0 0-3.4 0m5.3 0a1.7 1.7 0 0 0 3.4 0a1.7 1.7 0 0 0-3.4 0m5.3 0a1.7 1.7 0 0 0 3.4 0a1.7 1.7 0 0 0-3.4 0")}
button[aria-expanded=true]:before{clip-path:path("M4 10l2-2 8 8 8-8 2 2-10 10Z")}
span{position:absolute;top:-2px;right:-2px;min-width:10px;padding:0 5px;border-radius:10px;font:600 12px/20px system-ui;color:#fff;background:#c8102e}
span:empty{display:none}
iframe{width:380px;height:var(--tall,600px);max-height:calc(100dvh - 116px);margin-bottom:72px;border-radius:16px;background:#fff}
@media(prefers-color-scheme:dark){iframe{background:#16181d}}
@media(max-width:480px),(max-height:400px){iframe{inset:var(--top,0) 0 auto;width:100%;height:var(--high,100dvh);max-height:none;margin:0;border-radius:0}button[aria-expanded=true]{display:none}}
@media(prefers-reduced-motion:no-preference){button{transition:scale .15s}button:hover{scale:1.06}iframe{animation:.2s a}@keyframes a{0%{opacity:0;translate:0 12px}}}
@media print{:host{display:none!important}}`;
