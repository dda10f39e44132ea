"""Every command explains itself, and the reference page says what the commands say."""

import click
import pytest

from .cli_reference import REFERENCE, render, walk

CONTEXTS = {context.command_path: context for context in walk()}


def test_the_reference_is_what_the_commands_say() -> None:
    if REFERENCE.read_text(encoding="utf-8") != render():
        pytest.fail("docs/cli.md is not what --help says; run: make catalog", pytrace=False)


@pytest.mark.parametrize("path", CONTEXTS)
def test_a_command_begins_with_a_sentence(path: str) -> None:
    first = (CONTEXTS[path].command.help or "").split("\n\n")[0].strip()
    assert first[:1].isupper()
    assert first.endswith(".")


@pytest.mark.parametrize("path", CONTEXTS)
def test_a_command_has_an_example_of_itself(path: str) -> None:
    if isinstance(CONTEXTS[path].command, click.Group):
        pytest.skip("a group lists its commands")
    example = (CONTEXTS[path].command.help or "").partition("Example:\n")[2]
    assert path in example


@pytest.mark.parametrize("path", CONTEXTS)
def test_an_option_says_what_it_does(path: str) -> None:
    context = CONTEXTS[path]
    options = [option for option in context.command.get_params(context) if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []
