"""The documentation site: Sphinx reads the Markdown pages here and the docstrings of src/emovlm."""

project = "emovlm"
author = "the authors of emovlm"
html_title = "emovlm"
extensions = ["myst_parser", "autoapi.extension", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "requirements.txt"]

# Markdown: headings have GitHub's anchors, so that links to them are checked and also work there.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "attrs_block"]
highlight_language = "text"

# Python: AutoAPI parses the sources and imports nothing. Pages name their modules (docs/reference/api/).
autoapi_dirs = ["../src/emovlm"]
autoapi_generate_api_docs = False
autoapi_options = ["members", "undoc-members"]
napoleon_use_ivar = True  # attributes are listed once, with their type
suppress_warnings = ["autoapi.python_import_resolution"]  # names that are imported from other packages
nitpicky = True
nitpick_ignore_regex = [("py:.*", r".*")]  # types of other packages: their inventories would need a network

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "navigation_depth": 3,
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}
html_show_sourcelink = False
html_show_copyright = False


def skip_imported(_app, _what, _name, member, _skip, _options):
    """Leave out of a module's page what the module imports."""
    return True if getattr(member, "imported", False) else None


def setup(app):
    """Connect the above."""
    app.connect("autodoc-skip-member", skip_imported)
