"""The style of worked pages: one column of calm text, light and dark, nothing fetched."""

STYLE = """
.pellucid-working{--for:var(--first);--against:var(--second);--ink:#1d2330;--soft:#5b6475;--line:#d9dee7;--paper:#fff;--first:#1565c0;
--second:#c2410c;--third:#0f766e;--good:#15803d;--tint:#f3f6fb;color:var(--ink);
background:var(--paper);max-width:46rem;margin:0 auto;padding:1.5rem 1.25rem 2.5rem;
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
@media(prefers-color-scheme:dark){body{background:#12161f;margin:0}
.pellucid-working{--ink:#e6e9f0;--soft:#a3adbf;--line:#333c4d;--paper:#12161f;--first:#7ab7ff;
--second:#ffa266;--third:#5eead4;--good:#6ee7a0;--tint:#1b2230}}
.pellucid-working h1{font-size:1.65rem;line-height:1.2;margin:.2rem 0 .6rem;letter-spacing:-.01em}
.pellucid-working summary{cursor:pointer;list-style:none;display:flex;align-items:baseline;
gap:.45rem}
.pellucid-working summary::-webkit-details-marker{display:none}
.pellucid-working summary::before{content:"▸";color:var(--soft);font-size:.8em;width:.8em}
.pellucid-working details[open]>summary::before{content:"▾"}
.pellucid-working summary:focus-visible{outline:2px solid var(--first);outline-offset:3px;
border-radius:4px}
.pellucid-working :is(h2,h3,h4,h5,h6){font-size:1.05rem;margin:.5rem 0;font-weight:620}
.pellucid-working :is(h3,h4,h5,h6){font-size:1rem}
.pellucid-working .number{color:var(--soft);font-variant-numeric:tabular-nums;margin-right:.3em;
flex:none}
.pellucid-working summary :is(h2,h3,h4,h5,h6){display:flex;gap:.5em;text-wrap:pretty}
.pellucid-working .inside{border-left:2px solid var(--line);margin:.1rem 0 .9rem .3rem;
padding:.05rem 0 .05rem 1rem}
.pellucid-working p{margin:.35rem 0}
.pellucid-working .why{color:var(--soft)}
.pellucid-working .given{list-style:none;margin:.6rem 0;padding:0;display:flex;flex-wrap:wrap;
gap:.5rem 1.6rem;align-items:center}
.pellucid-working .given li{min-width:0;max-width:100%;overflow-x:auto;overflow-y:hidden}
.pellucid-working math{font-size:1.12em}
.pellucid-working .chain-line,.pellucid-working .result{overflow-x:auto;overflow-y:hidden}
.pellucid-working .result{background:var(--tint);border-left:4px solid var(--first);
border-radius:0 8px 8px 0;padding:.15rem .9rem;margin:1rem 0 .5rem}
.pellucid-working mtable.chain{display:inline-table}
.pellucid-working mtable.chain>mtr>mtd{padding:.28em .25em}
.pellucid-working mtable.chain>mtr>mtd:first-child{padding-left:0}
.pellucid-working mtd.left{text-align:right;text-align:-moz-right;text-align:-webkit-right}
.pellucid-working mtd.right{text-align:left;text-align:-moz-left;text-align:-webkit-left}
.pellucid-working mtable.grid>mtr>mtd{padding:.2em .45em;text-align:right;text-align:-moz-right;
text-align:-webkit-right}
.pellucid-working mtable.cases>mtr>mtd{padding:.2em .6em}
.pellucid-working mrow:is(.square,.round,.bars,.brace)>mo.bracket{display:none}
.pellucid-working mrow.square{margin:0 .15em;padding:.1em .3em;background:
linear-gradient(currentColor 0 0) left top/.3em 1.5px,
linear-gradient(currentColor 0 0) left bottom/.3em 1.5px,
linear-gradient(currentColor 0 0) right top/.3em 1.5px,
linear-gradient(currentColor 0 0) right bottom/.3em 1.5px;background-repeat:no-repeat;
border-left:1.5px solid;border-right:1.5px solid}
.pellucid-working mrow.round{margin:0 .12em;padding:.1em .5em;border-left:1.5px solid;
border-right:1.5px solid;border-radius:.75em/50%}
.pellucid-working mrow.bars{margin:0 .12em;padding:0 .25em;border-left:1.5px solid;
border-right:1.5px solid}
.pellucid-working mrow.brace{margin:0 .12em;padding:.1em .2em;border-left:2px solid;
border-radius:.5em 0 0 .5em}
.pellucid-working .check{color:var(--good);font-size:.9rem}
.pellucid-working .scroll{overflow-x:auto;margin:.7rem 0}
.pellucid-working table{border-collapse:collapse;font-variant-numeric:tabular-nums;
font-size:.95rem}
.pellucid-working caption{text-align:left;color:var(--soft);padding-bottom:.3rem}
.pellucid-working :is(th,td){padding:.28rem .75rem;border-bottom:1px solid var(--line);
text-align:right}
.pellucid-working th{border-bottom:2px solid var(--line);font-weight:620}
.pellucid-working :is(th,td).words{text-align:left}
.pellucid-working table math{font-size:1em}
.pellucid-working figure{margin:1rem 0}
.pellucid-working svg{max-width:100%;height:auto;display:block}
.pellucid-working figcaption{color:var(--soft);font-size:.92rem}
.pellucid-working svg .grid{stroke:var(--line);stroke-width:1;fill:none}
.pellucid-working svg .axis{stroke:var(--soft);stroke-width:1.3;fill:none}
.pellucid-working svg .tick{fill:var(--soft);font-size:12px}
.pellucid-working svg .name{fill:var(--soft);font-size:13px;font-style:italic}
.pellucid-working svg .word{font-size:14px;font-weight:600;stroke:none}
.pellucid-working svg .line{fill:none;stroke-width:2.2;stroke-linejoin:round}
.pellucid-working svg .area{stroke-width:2.2;fill-opacity:.16;stroke-linejoin:round}
.pellucid-working svg .dashed{stroke-dasharray:5 4}
.pellucid-working svg .first{stroke:var(--first);fill:var(--first)}
.pellucid-working svg .second{stroke:var(--second);fill:var(--second)}
.pellucid-working svg .third{stroke:var(--third);fill:var(--third)}
.pellucid-working svg .faint{stroke:var(--soft);fill:var(--soft)}
.pellucid-working svg :is(.first,.second,.third,.faint).line{fill:none}
.pellucid-working svg .faint.line{stroke-width:1.3;stroke-opacity:.5}
.pellucid-working svg .word{stroke:none}
.pellucid-working svg .tip{stroke:none}
.pellucid-working .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;
padding:0;margin:.2rem 0 .4rem;font-size:.9rem}
.pellucid-working .legend li::before{content:"";display:inline-block;width:1.1em;height:.22em;
margin-right:.4em;vertical-align:middle;background:currentColor}
.pellucid-working .legend .area::before{height:.75em;opacity:.45}
.pellucid-working .legend .first{color:var(--first)}
.pellucid-working .legend .second{color:var(--second)}
.pellucid-working .legend .third{color:var(--third)}
.pellucid-working .legend .faint{color:var(--soft)}
.pellucid-working footer{border-top:1px solid var(--line);margin-top:1.6rem;padding-top:.5rem;
color:var(--soft);font-size:.88rem}
@media print{.pellucid-working details:not([open])>*{display:block}}
"""
