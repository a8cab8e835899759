"""Hold what the user edits: one spec an activation, the manual of the language, and its schema.

`activations/<name>.yaml` are the shipped specs, `README.md` is the manual, and
`activation.schema.json` is generated for editors. The folder is a package so that an installed
actgen finds its specs.
"""
