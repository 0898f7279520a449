"""`index.html` of a results folder: one page to explore its runs in a browser, without a network.

`html.py` puts the page together, `content.py` gathers what it shows, `series.py` packs the curves,
`published.py` reads score tables that other commands have written, `texts.py` renders the folder's Markdown
pages as HTML beside them. The page itself is `page.html`, `page.css` and `text.css`, which the texts share.
Its scripts share one scope: `data.js` unpacks the curves,
`limits.js` says what part of its values a panel shows, `panel.js` describes a panel for Vega-Lite,
`curves.js` draws all panels, `readout.js` tells the values under the pointer, `zoom.js` changes the limits,
`saving.js` saves pictures and CSV, `tables.js` has the tables, `intervals.js` draws the intervals of Table 1,
`pairs.js` compares two settings, `beside.js` has the other scores, videos and texts,
`controls.js` lets one choose, `link.js` keeps the view in the address. What several of these use is in
`elements.js`.
"""
