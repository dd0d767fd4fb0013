"""How the page of a report looks."""

_LIGHT = """--ink:#1d2129;--soft:#57606c;--rule:#d9dde3;--paper:#fff;--wash:58,110,205;--below:201,104,10;
--c0:#2a6fdb;--c1:#c9540a;--c2:#0f7f5b;--c3:#9c3fb5;--c4:#8a6a00;--good:#0f7049;--bad:#b3261e"""
_DARK = """--ink:#e6e9ef;--soft:#a9b2be;--rule:#3a414c;--paper:#15181d;--wash:92,146,235;--below:214,124,48;
--c0:#6ea8ff;--c1:#ff9d5c;--c2:#4fd0a3;--c3:#d68cf0;--c4:#e0bf4d;--good:#5fd3a0;--bad:#ff8a80"""

STYLE = (
    f":root{{color-scheme:light dark;{_LIGHT}}}"
    f"@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}"
    """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem}
header>p:first-child{margin:0;font-size:.85rem;letter-spacing:.04em;text-transform:uppercase}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.5rem 0 .75rem;padding-top:1rem;border-top:1px solid var(--rule)}
p,summary,small,caption,li{color:var(--soft)}
p,li{max-width:44rem;overflow-wrap:anywhere}
section ul{padding-left:1.2rem}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin-top:1rem;font-size:.95rem}
a{color:var(--c0)}
a:focus-visible,.wide:focus-visible,summary:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
.wide{overflow-x:auto;margin:.5rem 0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.9rem;padding-bottom:.25rem}
th,td{padding:.35rem 1.1rem .35rem 0;border-bottom:1px solid var(--rule);text-align:right;font-weight:400;
vertical-align:baseline;white-space:nowrap}
th[scope=col],th[scope=colgroup]{color:var(--soft);vertical-align:bottom}
th.above{text-align:left;border:0;padding-left:.6rem}
th:first-child,td:first-child{text-align:left}
th[scope=row]{min-width:min(10rem,36vw);max-width:22rem;white-space:normal;overflow-wrap:anywhere}
th.group{font-weight:600;padding-top:1rem;max-width:22rem;white-space:normal;overflow-wrap:anywhere}
th[scope=col]{white-space:normal}
td bdi,th[scope=col] bdi{display:inline-block;max-width:14rem;white-space:normal;overflow-wrap:break-word}
th[scope=row]{position:sticky;left:0;background:var(--paper)}
small{display:block;font-size:.8rem;line-height:1.35}
td>span[class^=h],td>span[class^=l],p>span{padding:.15rem .45rem;border-radius:.25rem;color:var(--ink);
display:inline-block}
td>span:not([class]){padding:.15rem .45rem;display:inline-block}
.better{color:var(--good)}.worse{color:var(--bad)}.even{color:var(--soft)}
.better,.worse,.even{white-space:nowrap}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:1.5rem;align-items:start}
figure{margin:0;max-width:26rem}
figcaption{font-weight:600}
figure p{margin:.25rem 0 0;font-size:.9rem}
figure ul{display:flex;flex-wrap:wrap;gap:.1rem 1rem;margin:.25rem 0 0;padding:0;list-style:none;font-size:.9rem}
figure li::before{content:"";display:inline-block;width:.9rem;height:.2rem;margin-right:.4rem;
vertical-align:middle;background:var(--colour)}
svg{display:block;width:100%;height:auto}
svg.bar{width:clamp(5rem,22vw,18rem);height:14px;margin-top:.3rem}
svg.range{width:120px;height:14px;margin-top:.3rem}
svg text{fill:var(--soft);font-size:12px}
svg .axis{fill:none;stroke:var(--soft)}
svg .grid,svg .reference{fill:none;stroke:var(--rule)}
svg .reference{stroke-dasharray:4 4;stroke:var(--soft)}
svg .line{stroke:var(--colour)}
svg polyline.line{fill:none;stroke-width:2}
svg path.whisker{stroke-width:1.5;opacity:.7}
svg circle.line{fill:var(--colour)}
svg.bar rect{fill:var(--c0)}
.c0{--colour:var(--c0)}.c1{--colour:var(--c1)}.c2{--colour:var(--c2)}.c3{--colour:var(--c3)}.c4{--colour:var(--c4)}
"""
    + "".join(
        f".h{tenth}{{background:rgba(var(--wash),{tenth * 0.05:.2f})}}"
        f".l{tenth}{{background:rgba(var(--below),{tenth * 0.05:.2f})}}"
        for tenth in range(1, 11)
    )
    + "@media print{"
    + f":root{{color-scheme:light;{_LIGHT}}}"
    + """body{font-size:10pt}main{max-width:none;padding:0}nav{display:none}.wide{overflow:visible}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
figure,tr{break-inside:avoid}h2{break-after:avoid}.plots{grid-template-columns:repeat(3,1fr)}}"""
)
"""Colours of lines are told apart on both backgrounds; text keeps a contrast of 4.5 to 1 to them."""
