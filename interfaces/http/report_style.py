"""How the page of a report looks."""

STYLE = """
:root{color-scheme:light dark;--ink:#1d2129;--soft:#5c6470;--rule:#d9dde3;--paper:#fff;--wash:58,110,205;
--c0:#2a6fdb;--c1:#c9540a;--c2:#118a63;--c3:#9c3fb5;--c4:#8a6a00}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#a2abb8;--rule:#3a414c;--paper:#15181d;
--wash:92,146,235;--c0:#6ea8ff;--c1:#ff9d5c;--c2:#4fd0a3;--c3:#d68cf0;--c4:#e0bf4d}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.6rem;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .5rem}
p,summary,figcaption{color:var(--soft)}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--rule);text-align:right;font-weight:400}
thead th{color:var(--soft)}
th:first-child,td:first-child{text-align:left}
td.heat{padding:.3rem .8rem}
.plots{display:flex;flex-wrap:wrap;gap:1.5rem}
figure{margin:0}
figure ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:0;padding:0 0 0 3rem;list-style:none;font-size:.85rem}
figure li::before{content:"";display:inline-block;width:.9rem;height:.2rem;margin-right:.4rem;
vertical-align:middle;background:currentColor}
svg{max-width:100%;height:auto}
svg text{fill:var(--soft);font-size:11px}
svg .axis{fill:none;stroke:var(--soft)}
svg .grid,svg .reference{fill:none;stroke:var(--rule)}
svg .reference{stroke-dasharray:4 4;stroke:var(--soft)}
svg polyline.line{fill:none;stroke:currentColor;stroke-width:2}
svg circle.line,svg .bar{fill:currentColor}
.c0,svg .bar{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}
""" + "".join(f".h{tenth}{{background:rgba(var(--wash),{tenth * 0.06:.2f})}}" for tenth in range(1, 11))
"""Colours of lines are told apart on both backgrounds; text keeps a contrast of 4.5 to 1 to them."""
