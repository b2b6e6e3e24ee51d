"""Generated tables of Markdown files."""
