"""Packages of hostile specs: their text stays text in everything that is written."""

import ast
from xml.etree import ElementTree

import pytest

from actgen.codegen.generate import Job, generate

EVIL = r'''
name: evil
title: 'A """ + __import__("os").abort() + """ \'
summary: 'Has <script>alert(1)</script> | """ \ and ``` fences --> ]]>'
params: {alpha: {default: 1.0, doc: 'say """ or \ or | or --> or ` "'}}
formula: alpha * x
kinks: []
references: [{title: '--> """ <img src=x>', authors: 'O''Brien "', year: 2000, url: https://e.org}]
'''


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    specs = tmp_path_factory.mktemp("root") / 'a-->b """ & c'
    specs.mkdir()
    (specs / "evil.yaml").write_text(EVIL)
    job = Job.of(specs, specs.parent / "acts")
    generate(job)
    return job.out


def test_python_holds_nothing_but_its_own_statements(out):
    for path in (*out.rglob("*.py"), *out.rglob("*.pyi")):
        tree = ast.parse(path.read_text())
        assert isinstance(tree.body[0].value, ast.Constant), path
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert "__import__" not in names, path


def test_the_texts_come_back(out):
    module = ast.parse((out / "cpu" / "evil.py").read_text())
    assert ast.get_docstring(module).startswith('A """ + __import__("os").abort() + """ \\, for')


def test_markup_is_no_markup(out):
    page = (out / "docs" / "evil.md").read_text()
    assert "<script" not in page and "<img" not in page
    assert page.count("```") % 2 == 0
    assert page.splitlines()[0].count("-->") == 1
    ElementTree.fromstring((out / "docs" / "evil.svg").read_text())
