"""`index.html` of a results folder: one page to explore its runs in a browser, without a network.

`html.py` puts the page together, `content.py` gathers what it shows, `series.py` packs the curves.
The page itself is `page.html` and `page.css`. Its scripts share one scope: `data.js` unpacks the curves,
`panel.js` describes a panel for Vega-Lite, `curves.js` draws all panels, `readout.js` tells the values under
the pointer, `tables.js` has the tables, `intervals.js` draws the intervals of Table 1, `controls.js` lets one
choose. What several of these use is in `elements.js`.
"""
