"""The figures of all rounds as tables for a terminal and as Markdown, and as lines of JSON."""

import json
import statistics

RATES = ("pairs/s", "hand-offs/s")


def medians_of(results):
    """By case, system and figure. `results`: by case and system a list of rounds, each a dict of
    figures."""
    return {case: {system: {figure: statistics.median(one[figure] for one in rounds)
                            for figure in rounds[0]}
                   for system, rounds in systems.items() if rounds}
            for case, systems in results.items()}


def number(value):
    """Three digits or more, whatever the size."""
    if value == 0:
        return "0"
    if abs(value) < 10:
        return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"
    return f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"


def cells_of(systems, durable):
    """The table of one case: a row for each system."""
    figures = list(dict.fromkeys(name for rounds in systems.values() for name in rounds[0]))
    rows = [["system", "on disk", *figures]]
    for system, rounds in systems.items():
        row = [system, "yes" if durable[system] else "no"]
        for figure in figures:
            values = [one[figure] for one in rounds if figure in one]
            if not values:
                row.append("-")
                continue
            text = number(statistics.median(values))
            if figure in RATES and len(values) > 1:
                text += f" ({number(min(values))}–{number(max(values))})"
            row.append(text)
        rows.append(row)
    return rows


def terminal(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column < 2 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
        for row in rows)


def markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "|" + "|".join("---" if column < 2 else "---:" for column in range(len(rows[0]))) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def verdicts(targets, medians):
    """A row for each target of which everything was measured."""
    rows = [["target", "met", "measured"]]
    for target in targets:
        value = target.value(medians)
        if value is not None:
            rows.append([target.text(), "yes" if target.is_met(value) else "NO", number(value)])
    return rows


def as_lines(results, growth):
    """Every figure of every round, a JSON object a line."""
    lines = [{"case": case, "system": system, "round": number, **figures}
             for case, systems in results.items()
             for system, rounds in systems.items()
             for number, figures in enumerate(rounds, start=1)]
    lines += [{"case": "S", **line} for line in growth]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
