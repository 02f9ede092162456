"""The record of ``alpt-ref check-quantizer --json``, called found.json in the documentation."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict


class Bias(TypedDict):
    """The smallest biases that a statistical property can see."""

    fraction: Annotated[float, "the fraction at which inputs were rounded"]
    samples: Annotated[int, "number of roundings"]
    up: Annotated[float | None, "smallest bias upwards that they find, in steps; null where there is none"]
    down: Annotated[float | None, "smallest bias downwards that they find; null where there is none"]


class Counterexample(TypedDict):
    """One call that shows the failure, where one call shows it; else the other keys are null."""

    python: Annotated[str, "Python that shows it"]
    bits: Annotated[int | None, "width of a code"]
    delta: Annotated[float | None, "step size"]
    zero_point: NotRequired[Annotated[int, "code of 0, where zero points are declared"]]
    format: NotRequired[Annotated[str, "name of the format, where one is declared; bits and delta are null"]]
    seed: Annotated[int | None, "the seed; null where uniforms were given"]
    x: Annotated[Any, "the inputs: a flat list, with text for what is not finite; Python as text where they are many"]
    u: Annotated[Any, "the uniforms, likewise; null where a seed was given"]


class Property(TypedDict):
    """One property of the contract."""

    name: Annotated[str, "its name"]
    statement: Annotated[str, "what is demanded"]
    source: Annotated[str, "where it comes from"]
    statistical: Annotated[bool, "whether it is judged from samples"]
    status: Annotated[Literal["pass", "fail", "not applicable"], "the outcome"]
    note: Annotated[str, "what was tried, why it is not applicable, or the counterexample in words"]
    p: Annotated[float | None, "p-value of a statistical property"]
    seconds: Annotated[float, "time that it took"]
    counterexample: Annotated[Counterexample | None, "null where nothing failed"]
    sensitivity: Annotated[list[Bias], "of a statistical property"]


class Findings(TypedDict):
    """The record that ``alpt-ref check-quantizer --json`` writes: the properties that a quantizer has."""

    schema: Annotated[Literal[1], "the version of this description"]
    version: Annotated[str, "version of alpt_ref that wrote the file"]
    quantizer: Annotated[str, "the adapter's name"]
    declared: Annotated[dict[str, Any], "what the adapter says of itself, by attribute"]
    level: Annotated[Literal["quick", "default", "thorough"], "how much was tried"]
    conforms: Annotated[bool, "whether nothing failed"]
    false_alarm: Annotated[float, "chance at most that a right quantizer fails"]
    properties: Annotated[list[Property], "the outcomes, in the order of the contract"]
