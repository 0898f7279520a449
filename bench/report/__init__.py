"""What people read: tables, figures and pages.

A page is a template, Markdown with blanks, in `templates/`. The modules `…_facts` compute what fills those of
the results, `formats.py` writes numbers, and `templates.py` fills the blanks.

How to add a figure:

1. Compute its numbers in `bench/scores`, as a table of an `Analysis`.
2. Write a function that takes the analysis and returns a Matplotlib figure, beside those of its kind.
   `appearance.py` has the look of each setting.
3. Name it in `figures.py`, which stores it as PNG and SVG, and show it in a page's template.

How to add a section: write it in the page's template in `templates/`, and give `page.py` what fills it.
`templates.py` tells how templates are written.
"""
