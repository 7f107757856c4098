"""The documentation as pages of the public port: /docs, from the same files as docs/ in the repository.

- `pages`: which pages there are, and where their files stand
- `markdown`: a page as HTML
- `search`: what the search in the browser looks through
- `site`: the whole page around it, with the reader's own address in the examples
- `endpoints`: the entries of the endpoint table
- `assets/`: style sheet, script, and the frame of a page

Nothing of it is imported before the first request to /docs: the libraries for Markdown and for colours take 10 MiB.
"""
