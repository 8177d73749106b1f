"""The figures of a comparison as charts, in SVG."""

import statistics

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  (the backend must be chosen before)

OURS = "#1f6f8b"
OTHERS = "#b8b8b8"
# Same input, same bytes: no dates and no random ids.
matplotlib.rcParams["svg.hashsalt"] = "turnstile"
matplotlib.rcParams["font.size"] = 9


def median(rounds, figure):
    return statistics.median(one[figure] for one in rounds)


def spread(rounds, figure):
    """How far the least and the greatest are from the median."""
    middle = median(rounds, figure)
    values = [one[figure] for one in rounds]
    return [[middle - min(values)], [max(values) - middle]]


def draw_bars(axes, systems, figure, title):
    """A bar for each system, the first on top; a line from the least to the greatest round."""
    for place, (name, rounds) in enumerate(systems.items()):
        value = median(rounds, figure)
        axes.barh(place, value, color=OURS if name.startswith("Turnstile") else OTHERS,
                  xerr=spread(rounds, figure), error_kw={"elinewidth": 0.8})
        axes.text(value, place, f"  {value:,.0f}", va="center", fontsize=8)
    axes.set_yticks(range(len(systems)), systems)
    axes.invert_yaxis()
    axes.set_title(title, loc="left", fontsize=10)
    axes.margins(x=0.15)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def save(figure, path):
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def draw_rates(results, cases, rate, path):
    """One column a case, sorted by the class: on disk first."""
    shown = [case for case in cases if results.get(case.name)]
    if not shown:
        return
    tallest = max(len(results[case.name]) for case in shown)
    figure, all_axes = pyplot.subplots(len(shown), 1, squeeze=False,
                                       figsize=(8, len(shown) * (0.8 + 0.24 * tallest)))
    for axes, case in zip(all_axes[:, 0], shown):
        durable = {one.name: one.durable for one in case.systems}
        systems = {f"{name}{' (on disk)' if durable[name] else ''}": rounds
                   for name, rounds in sorted(results[case.name].items(),
                                              key=lambda item: not durable[item[0]])
                   if rounds}
        draw_bars(axes, systems, rate, f"{case.name}: {case.title}; {rate}, more is better")
    save(figure, path)


def draw_hand_offs(results, cases, path):
    """Median and 99th percentile of the hand-off on shared keys."""
    shown = [case for case in cases if case.family == "C" and results.get(case.name)]
    if not shown:
        return
    figure, all_axes = pyplot.subplots(len(shown), 1, squeeze=False, figsize=(8, 3.4 * len(shown)))
    for axes, case in zip(all_axes[:, 0], shown):
        for place, (name, rounds) in enumerate(results[case.name].items()):
            color = OURS if name.startswith("Turnstile") else "#707070"
            low, high = median(rounds, "hand-off p50 us"), median(rounds, "hand-off p99 us")
            axes.plot([low, high], [place, place], color=color, linewidth=1)
            axes.plot(low, place, "o", color=color)
            axes.plot(high, place, "|", color=color, markersize=9)
        axes.set_yticks(range(len(results[case.name])), results[case.name])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_title(f"{case.name}: hand-off in µs, median ● and 99th percentile |, less is better",
                       loc="left", fontsize=10)
        axes.grid(axis="x", linewidth=0.3)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    save(figure, path)


def draw(results, cases, folder):
    """The charts of what was measured; returns their names."""
    cases = list(cases)
    for family, rate in (("U", "pairs/s"), ("C", "pairs/s"), ("R", "hand-offs/s"),
                         ("H", "pairs/s")):
        draw_rates(results, [case for case in cases if case.family == family], rate,
                   folder / f"{family.lower()}.svg")
    draw_hand_offs(results, cases, folder / "hand_off.svg")
    return [name for name in ("u.svg", "c.svg", "hand_off.svg", "r.svg", "h.svg")
            if (folder / name).exists()]
