# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own rules, held by tests: what is documented is what there is."""

from __future__ import annotations

import ast
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
PLUGINS = sorted(path for path in (ROOT / "plugins").rglob("*.py") if path.parent.name != "doc_fragments")
ACTION_GROUP = "static"
ATTRIBUTES = {"check_mode", "diff_mode", "idempotent"}
SUPPORT = {"full", "partial", "none", "N/A"}

# Sample projects are what somebody else might have written.
NOT_OURS = "molecule/shared/projects/"
# Folders in which the work is done or the tests run, on one machine or another; a committed file must work on all.
PLACES_OF_A_MACHINE = re.compile(r"(?<![\w.~/-])/(?:work|farm)/|/tmp/(?:setup|bash_jobs)")
# Package indexes and image registries are the business of the machine's own configuration.
REGISTRIES = re.compile(r"\b(?:pypi\.org|pythonhosted\.org|docker\.io|quay\.io|ghcr\.io|galaxy\.ansible\.com|deb\.debian\.org)\b", re.IGNORECASE)


def committed_files() -> list[str]:
    """Files that git knows or would add, relative to the root."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink())


FILES = committed_files()
OUR_FILES = [name for name in FILES if not name.startswith(NOT_OURS)]
YAML_FILES = [name for name in OUR_FILES if name.endswith((".yml", ".yaml")) or name in (".ansible-lint", ".yamllint")]


def text_of(name: str) -> str | None:
    """A file's text; None if it is not text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def load(path: Path) -> t.Any:
    """The content of a YAML file; {} if it is missing."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def options_of(role: Path) -> dict[str, dict[str, t.Any]]:
    """The options in the main entry point of a role's argument_specs."""
    return load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]


def constant(module: Path, name: str) -> str:
    """A string constant of a module, such as DOCUMENTATION, without importing it."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]:
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{module.name} has no {name}")


def by_name(path: Path) -> str:
    """The id of a test about a file."""
    return path.stem


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_specs_and_defaults_of_a_role_agree_in_keys_and_values(role: Path) -> None:
    defaults = load(role / "defaults" / "main.yml")
    specified = {name: option["default"] for name, option in options_of(role).items() if "default" in option}
    assert specified == defaults


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_an_option_of_a_role_is_described_and_is_required_where_it_has_no_default(role: Path) -> None:
    for name, option in options_of(role).items():
        assert option.get("description"), f"{name} has no description"
        assert option.get("type"), f"{name} has no type"
        assert not (option.get("required") and "default" in option), f"{name} is required and has a default"


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_variables_of_a_role_carry_its_name_or_are_those_that_all_sites_share(role: Path) -> None:
    wrong = [name for name in options_of(role) if not name.startswith((f"{role.name}_", "django_app_"))]
    assert not wrong
    assert not [name for name in load(role / "defaults" / "main.yml") if not name.startswith(f"{role.name}_")]
    assert not [name for name in load(role / "vars" / "main.yml") if not name.startswith(f"__{role.name}_")]


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_the_readme_of_a_role_names_each_of_its_variables(role: Path) -> None:
    readme = (role / "README.md").read_text(encoding="utf-8")
    assert not [name for name in options_of(role) if not re.search(rf"\b{name}\b", readme)]


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_the_readme_of_a_role_names_no_variable_that_it_lacks(role: Path) -> None:
    readme = (role / "README.md").read_text(encoding="utf-8")
    known = {name for other in ROLES for name in options_of(other)}
    of_roles = re.compile(rf"(?<![\w.])(?:{'|'.join(other.name for other in ROLES)})_\w+")
    modules = {module.stem for module in MODULES}
    assert not sorted(set(of_roles.findall(readme)) - known - modules)


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_a_comment_stands_above_each_default(role: Path) -> None:
    lines = (role / "defaults" / "main.yml").read_text(encoding="utf-8").splitlines()
    bare = []
    commented = False
    for line in lines:
        if re.match(r"\w+:", line) and not commented:
            bare.append(line)
        # Values under one comment, line on line, share it.
        commented = line.startswith("#") or (commented and bool(line.strip()))
    assert not bare


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_the_table_of_contents_of_a_role_is_short(role: Path) -> None:
    assert len((role / "tasks" / "main.yml").read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_a_role_tells_what_it_is(role: Path) -> None:
    assert load(role / "meta" / "main.yml")["galaxy_info"]["description"]


def test_the_action_group_holds_exactly_the_modules() -> None:
    assert load(ROOT / "meta" / "runtime.yml")["action_groups"][ACTION_GROUP] == [module.stem for module in MODULES]


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_the_examples_of_a_module_parse_and_use_it_with_options_that_it_has(module: Path) -> None:
    options = names_of(yaml.safe_load(constant(module, "DOCUMENTATION")).get("options"))
    fragments = yaml.safe_load(constant(module, "DOCUMENTATION"))["extends_documentation_fragment"]
    borrowed = {name for fragment in fragments for name in fragment_options(fragment)}
    tasks = [task for task in yaml.safe_load(constant(module, "EXAMPLES")) if f"webops.django.{module.stem}" in task]
    assert tasks, "no example uses the module"
    for task in tasks:
        assert task["name"]
        assert set(task[f"webops.django.{module.stem}"] or {}) <= {*options, *borrowed}


def names_of(options: dict[str, t.Any] | None) -> set[str]:
    """The names and aliases of documented options."""
    return {name for option, documented in (options or {}).items() for name in (option, *documented.get("aliases", []))}


def fragment_options(fragment: str) -> set[str]:
    """The options of a documentation fragment of this collection, given as webops.django.file or webops.django.file.section."""
    name, dummy, section = fragment.removeprefix("webops.django.").partition(".")
    tree = ast.parse((ROOT / "plugins" / "doc_fragments" / f"{name}.py").read_text(encoding="utf-8"))
    wanted = section.upper() or "DOCUMENTATION"
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [wanted]:
            return names_of(yaml.safe_load(ast.literal_eval(node.value)).get("options"))
    raise AssertionError(f"no documentation fragment is called {fragment}")


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_a_module_declares_what_it_supports(module: Path) -> None:
    documentation = yaml.safe_load(constant(module, "DOCUMENTATION"))
    fragments = documentation["extends_documentation_fragment"]
    assert "webops.django.attributes" in fragments
    assert "webops.django.attributes.action_group" in fragments
    if "webops.django.attributes.info" not in fragments:
        assert documentation["attributes"].keys() >= ATTRIBUTES
    assert {attribute["support"] for attribute in documentation.get("attributes", {}).values()} <= SUPPORT
    assert documentation["module"] == module.stem
    assert documentation["author"]
    assert documentation["version_added"]


CAUSES = load(ROOT / "docs" / "causes.yml")
WHAT_A_SECTION_TELLS = ["Seen", "Why", "Told apart", "Repair"]
NAME_FINDINGS = [*(ROOT / "plugins" / "module_utils").glob("static_*_findings.py"), *(ROOT / "plugins" / "plugin_utils" / "stages").glob("*.py")]


def sections_of_causes() -> list[tuple[str, str, str]]:
    """What docs/causes.md explains: stage, code and text."""
    found = []
    stage = ""
    for part in re.split(r"^(?=###? )", (ROOT / "docs" / "causes.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, dummy, text = part.partition("\n")
        if heading.startswith("## "):
            stage = heading[3:].partition(":")[0]
        else:
            found.append((stage, heading[4:], text))
    return found


def test_the_public_list_of_causes_and_their_sections_agree() -> None:
    assert [(cause["stage"], cause["code"]) for cause in CAUSES] == [(stage, code) for stage, code, dummy in sections_of_causes()]
    assert {cause["scope"] for cause in CAUSES} == {"live", "evidence"}


@pytest.mark.parametrize(("code", "text"), [(code, text) for dummy, code, text in sections_of_causes()])
def test_a_cause_is_explained(code: str, text: str) -> None:
    """Each section tells what one sees, why, how the cause is told from its neighbours, and the repair; the neighbours exist."""
    assert re.findall(r"^\*\*([A-Z][\w ]+)\.\*\*", text, re.MULTILINE) == WHAT_A_SECTION_TELLS
    assert len(text) > 200 or code == "not_a_fault"


def named_codes(path: Path) -> tuple[set[str], set[str]]:
    """All string constants of a file, and those that it hands over as the code of a finding."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("finding", "_finding") and node.args]
    return constants, {str(node.args[0].value) for node in calls if isinstance(node.args[0], ast.Constant)}


def test_findings_have_public_codes_and_every_public_code_can_be_named() -> None:
    """not_a_fault is what a diagnosis says by naming nothing."""
    public = {cause["code"] for cause in CAUSES}
    constants, codes = (set().union(*parts) for parts in zip(*map(named_codes, NAME_FINDINGS), strict=True))
    assert codes and not codes - public
    assert not public - constants - {"not_a_fault"}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_plugin_has_a_file_of_unit_tests(plugin: Path) -> None:
    place = ROOT / "tests" / "unit" / plugin.relative_to(ROOT).parent
    assert (place / f"test_{plugin.name}").exists()


@pytest.mark.parametrize("test", sorted((ROOT / "tests" / "unit" / "plugins").rglob("test_*.py")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_of_unit_tests_has_its_plugin(test: Path) -> None:
    """Its name is the plugin's, or begins with it where one file would be too long: test_<plugin>_<what>.py."""
    name = test.stem.removeprefix("test_")
    assert [plugin for plugin in PLUGINS if plugin.parent.name == test.parent.name and (name == plugin.stem or name.startswith(f"{plugin.stem}_"))]


@pytest.mark.parametrize("name", [name for name in OUR_FILES if name.endswith(".py")])
def test_a_python_file_names_its_licence_and_tells_what_it_is(name: str) -> None:
    content = (ROOT / name).read_text(encoding="utf-8")
    lines = [line for line in content.splitlines() if not line.startswith("#!")]
    assert lines[0] == "# Copyright (c) WebOps contributors"
    assert lines[1].startswith("# GNU General Public License v3.0+")
    assert lines[2] == "# SPDX-License-Identifier: GPL-3.0-or-later"
    assert ast.get_docstring(ast.parse(content))
    assert "from __future__ import annotations" in lines


@pytest.mark.parametrize("name", [name for name in YAML_FILES if not name.startswith("changelogs/")])
def test_a_yaml_file_names_its_licence(name: str) -> None:
    assert "SPDX-License-Identifier: GPL-3.0-or-later" in "\n".join((ROOT / name).read_text(encoding="utf-8").splitlines()[:3])


@pytest.mark.parametrize("name", YAML_FILES)
def test_a_yaml_file_parses(name: str) -> None:
    list(yaml.load_all((ROOT / name).read_text(encoding="utf-8"), Loader=TolerantLoader))


class TolerantLoader(yaml.SafeLoader):
    """Reads Ansible's own tags, such as !vault and !unsafe, as plain values."""


TolerantLoader.add_multi_constructor("!", lambda loader, suffix, node: suffix)


@pytest.mark.parametrize("name", FILES)
def test_no_file_holds_a_path_of_a_machine(name: str) -> None:
    assert not PLACES_OF_A_MACHINE.findall(text_of(name) or "")


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_a_package_index_or_a_registry(name: str) -> None:
    if name == Path(__file__).relative_to(ROOT).as_posix():
        return
    assert not REGISTRIES.findall(text_of(name) or "")


@pytest.mark.parametrize("name", [name for name in YAML_FILES if name.startswith(("roles/", "playbooks/", "molecule/"))])
def test_no_task_is_exempt_from_a_check(name: str) -> None:
    content = text_of(name) or ""
    for exemption in ("ignore_errors: true", "molecule-idempotence-notest", "molecule-notest", "# noqa"):
        assert exemption not in content
