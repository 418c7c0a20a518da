"""The four tools that the demo model knows."""
import copy

from exchange import Draw


def definition(name: str, description: str, properties: dict, required: list[str]) -> dict:
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"type": "function",
            "function": {"name": name, "description": description, "parameters": parameters}}


def text_parameter(description: str) -> dict:
    return {"type": "string", "description": description}


TOOLS = {
    "get_weather": definition(
        "get_weather", "Get the current weather in a city.",
        {"city": text_parameter("Name of the city"),
         "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}}, ["city"]),
    "get_time": definition(
        "get_time", "Get the local time in a city.", {"city": text_parameter("Name of the city")}, ["city"]),
    "calculate": definition(
        "calculate", "Evaluate an arithmetic expression.",
        {"expression": text_parameter("The expression")}, ["expression"]),
    "search": definition(
        "search", "Search the web.", {"query": text_parameter("What to look for")}, ["query"]),
}


def varied(tool: dict, draw: Draw) -> dict:
    """The same tool as another caller might declare it: with less said about it."""
    tool = copy.deepcopy(tool)
    function = tool["function"]
    if draw.rng.random() < 0.2:
        function.pop("description")
    if draw.rng.random() < 0.5:
        for parameter in function["parameters"]["properties"].values():
            parameter.pop("description", None)
    if draw.rng.random() < 0.3:
        function["parameters"].pop("required")
    return tool


def has_units(tool: dict) -> bool:
    return "unit" in tool["function"]["parameters"]["properties"]


def without_units(tool: dict) -> dict:
    tool = copy.deepcopy(tool)
    tool["function"]["parameters"]["properties"].pop("unit")
    return tool
