"""Simulate two years of dealer orders for a small-appliance maker, and the 28 days that follow.

Usage: ``python generate.py --seed N --out DIR``. The same seed gives the same bytes.

Per series (one product in one warehouse) and day:

* demand is negative binomial with mean mu and size k, drawn as a Poisson with a gamma rate, so its
  variance is mu + mu^2/k (Snyder, Ord & Beaumont 2012, "Forecasting the intermittent demand for
  slow-moving inventories", International Journal of Forecasting 28:485);
* log mu = level + trend + yearly season of the category + weekday of the warehouse + holidays
  + Spring Festival + promotion + launch ramp, with random walks for the category, the product and
  the series, so that three levels share information;
* the Spring Festival term depends on the days to the lunar new year: stocking up, shutdown and
  recovery (Lin & Liu 2002, "Modeling lunar calendar holiday effects in Taiwan", Taiwan Economic
  Forecast and Policy 33:1). The dates of new year and public holidays are the real ones;
* sales = min(demand, stock) under a weekly order-up-to rule with random lead times: sales are
  censored where stock ran out (Nahmias 1994, "Demand estimation in lost sales inventory systems",
  Naval Research Logistics 41:739). The truth to forecast is the demand itself.
"""

import argparse
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Rng = np.random.Generator
Promotion = tuple[int, int, int, float]  # product, first day, last day, discount

START = dt.date(2023, 1, 2)  # a Monday
TRAIN_DAYS = 742  # 106 whole weeks, up to 2025-01-12
HORIZON = 28
DAYS = TRAIN_DAYS + HORIZON
SKUS_PER_CATEGORY = 13
SHARE_A = 0.3

LUNAR_NEW_YEAR = (dt.date(2023, 1, 22), dt.date(2024, 2, 10), dt.date(2025, 1, 29))
FESTIVAL_SPAN = 45  # days around the new year in which the festival term acts

# Days off as published by the State Council each autumn: first day, number of days.
HOLIDAYS = """
2023-01-02 1 2023-01-21 7 2023-04-05 1 2023-04-29 5 2023-06-22 3 2023-09-29 8 2023-12-30 3
2024-02-10 8 2024-04-04 3 2024-05-01 5 2024-06-08 3 2024-09-15 3 2024-10-01 7 2025-01-01 1
2025-01-28 8"""
# Weekend days worked in exchange.
MAKEUP_DAYS = """
2023-01-28 2 2023-04-23 1 2023-05-06 1 2023-06-25 1 2023-10-07 2 2024-02-04 1 2024-02-18 1
2024-04-07 1 2024-04-28 1 2024-05-11 1 2024-09-14 1 2024-09-29 1 2024-10-12 1 2025-01-26 1
2025-02-08 1"""


@dataclass(frozen=True, slots=True)
class Category:
    """What the products of one category have in common; effects are on the log scale."""

    name: str
    price: float  # yuan, typical
    level: float  # units per day and product over all warehouses, typical
    size: float  # k of the negative binomial; small means lumpy
    season: float  # half swing of the yearly season
    peak: int  # day of the year of the peak
    stocking: float  # Spring Festival: gain while dealers stock up
    shutdown: float  # Spring Festival: depth of the shutdown
    elasticity: float  # log gain per unit of discount


CATEGORIES = (
    Category("kettle", 119, 60, 5.0, 0.15, 350, 0.30, 1.5, 3.0),
    Category("rice-cooker", 299, 42, 5.0, 0.10, 330, 0.45, 1.6, 2.6),
    Category("hot-pot", 239, 38, 4.0, 0.55, 355, 0.60, 1.2, 3.2),
    Category("fan", 159, 45, 3.5, 1.10, 175, 0.00, 2.0, 2.8),
    Category("heater", 269, 36, 3.0, 1.00, 5, 0.15, 1.4, 2.4),
    Category("blender", 349, 26, 4.0, 0.20, 150, 0.25, 1.8, 3.4),
    Category("desk-lamp", 89, 30, 4.5, 0.20, 240, 0.05, 2.2, 2.2),
    Category("spare-part", 29, 6, 1.2, 0.05, 200, 0.10, 2.4, 0.0),
)


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A regional warehouse; ``leave`` and ``back`` are days to the new year."""

    name: str
    share: float
    leave: float  # orders fall away
    back: float  # orders come back
    weekday: tuple[float, float, float, float, float, float, float]  # Monday to Sunday


WAREHOUSES = (
    Warehouse("dongguan", 0.34, -8.0, 9.0, (1.20, 1.12, 1.08, 1.05, 1.05, 0.90, 0.60)),
    Warehouse("wuhan", 0.22, -5.0, 7.0, (1.30, 1.15, 1.05, 1.05, 1.10, 0.85, 0.50)),
    Warehouse("tianjin", 0.26, -5.5, 8.0, (1.25, 1.20, 1.15, 1.10, 1.10, 0.75, 0.45)),
    Warehouse("chengdu", 0.18, -4.0, 6.5, (1.15, 1.10, 1.05, 1.05, 1.10, 1.00, 0.55)),
)

# Campaigns of the whole firm (first day, number of days) and the chance that a product joins.
FIRM_CAMPAIGNS = """
2023-06-05 14 2023-11-01 11 2024-01-18 11 2024-06-03 16 2024-11-01 11 2025-01-06 12"""
JOINS = 0.6
LATE_ORDERS = 0.05  # share of replenishment orders that come three weeks late
NEW_SHARE = 0.125  # launched in the last twelve weeks
YOUNG_SHARE = 0.30  # launched within the data, the new ones included


@dataclass(frozen=True, slots=True)
class Products:
    """The products: one entry per SKU, in the order in which they are written."""

    codes: list[str]
    category: Counts
    price: Array
    level: Array
    launch: Counts  # day index; 0 for products that are older than the data


@dataclass(frozen=True, slots=True)
class World:
    """Everything that was drawn: demand and sales are (series, days)."""

    products: Products
    promotions: list[Promotion]
    series: list[str]
    sku: Counts
    warehouse: Counts
    demand: Counts
    sales: Counts
    stockout: Flags


def spans(text: str) -> list[tuple[int, int]]:
    """Read alternating first dates and lengths into (first, last) day numbers."""
    words = text.split()
    firsts = [(dt.date.fromisoformat(word) - START).days for word in words[::2]]
    return [(day, day + int(n) - 1) for day, n in zip(firsts, words[1::2], strict=True)]


def date_of(day: int) -> dt.date:
    """Return the date of a day number."""
    return START + dt.timedelta(days=day)


def random_codes(rng: Rng, prefix: str, count: int) -> list[str]:
    """Draw distinct four-digit codes, sorted, so that neither code nor order says anything."""
    return [f"{prefix}{n}" for n in np.sort(rng.choice(9000, size=count, replace=False) + 1000)]


def draw_products(rng: Rng) -> Products:
    """Draw the product range; one in eight was launched in the last twelve weeks."""
    count = len(CATEGORIES) * SKUS_PER_CATEGORY
    category = rng.permutation(np.repeat(np.arange(len(CATEGORIES)), SKUS_PER_CATEGORY))
    kinds = [CATEGORIES[index] for index in category]
    age = rng.random(count)
    recent = rng.integers(TRAIN_DAYS - 84, TRAIN_DAYS - 13, size=count)
    middle = rng.integers(60, TRAIN_DAYS - 120, size=count)
    launch = np.where(age < NEW_SHARE, recent, np.where(age < YOUNG_SHARE, middle, 0))
    dearness = rng.lognormal(0.0, 0.30, count)
    price = np.round(np.array([kind.price for kind in kinds]) * dearness)
    # Dearer than usual for the category means fewer sold.
    level = [kind.level for kind in kinds] * rng.lognormal(0.0, 0.75, count) * dearness**-0.8
    return Products(random_codes(rng, "P", count), category, price, level, launch)


def draw_promotions(rng: Rng, products: Products) -> list[Promotion]:
    """Draw each product's campaigns, its own and the firm's, a week or more apart."""
    found = []
    for sku, category in enumerate(products.category):
        starts = rng.integers(0, DAYS, size=rng.poisson(6))
        windows = [(int(first), int(first + rng.integers(4, 12))) for first in starts]
        windows += [window for window in spans(FIRM_CAMPAIGNS) if rng.random() < JOINS]
        free = int(products.launch[sku])
        for first, last in sorted(windows):
            discount = float(rng.choice([0.10, 0.15, 0.20, 0.25, 0.30]))
            if free < first and last < DAYS and CATEGORIES[category].elasticity:
                found.append((sku, first, last, discount))
                free = last + 7
    return found


def marked(text: str) -> Flags:
    """Return which days lie in the spans of the text."""
    days = np.arange(DAYS)[:, None]
    return np.any([(first <= days) & (days <= last) for first, last in spans(text)], axis=0)[:, 0]


def days_from_new_year() -> Counts:
    """Return the days since the nearest lunar new year, negative before it, per day."""
    gaps = np.arange(DAYS)[:, None] - np.array([(day - START).days for day in LUNAR_NEW_YEAR])
    return gaps[np.arange(DAYS), np.abs(gaps).argmin(axis=1)]


def weekday_effect(warehouse: Warehouse) -> Array:
    """Return the log effect of weekday and holidays, those of Spring Festival apart."""
    weekday = np.arange(DAYS) % 7
    weekday[marked(MAKEUP_DAYS)] = 1
    ordinary = marked(HOLIDAYS) & (np.abs(days_from_new_year()) > FESTIVAL_SPAN)
    return np.log(np.array(warehouse.weekday))[weekday] - 0.4 * ordinary


def festival_effect(rng: Rng, category: Category, warehouse: Warehouse) -> Array:
    """Return the log effect of Spring Festival, with some variation from year to year."""
    effect = np.zeros(DAYS)
    for new_year in LUNAR_NEW_YEAR:
        day = np.arange(DAYS) - (new_year - START).days
        stocking, shutdown = category.stocking, category.shutdown * rng.normal(1.0, 0.05)
        leave, back = warehouse.leave + rng.normal(0, 0.5), warehouse.back + rng.normal(0, 0.5)
        rise = stocking * rng.normal(1.0, 0.10) * np.exp(-0.5 * ((day - leave + 9.0) / 5.0) ** 2)
        shut = 1 / (1 + np.exp(-(day - leave) / 1.3)) - 1 / (1 + np.exp(-(day - back) / 2.0))
        effect += np.where(np.abs(day) <= FESTIVAL_SPAN, rise - shutdown * shut, 0.0)
    return effect


def promotion_effect(products: Products, promotions: list[Promotion]) -> Array:
    """Return the log effect (products, days): a gain during a campaign, a dip in the week after."""
    effect = np.zeros((len(products.codes), DAYS))
    for sku, first, last, discount in promotions:
        gain = CATEGORIES[products.category[sku]].elasticity * discount
        effect[sku, first : last + 1] += gain
        effect[sku, last + 1 : last + 8] -= 0.25 * gain
    return effect


def product_effect(rng: Rng, products: Products) -> Array:
    """Return log mean demand (products, days) from level, trend, season, market and launch."""
    days, rows = np.arange(DAYS), []
    market = np.cumsum(rng.normal(0.0, 0.008, (len(CATEGORIES), DAYS)), axis=1)
    for sku, index in enumerate(products.category):
        category = CATEGORIES[index]
        season = category.season * np.cos(2 * np.pi * (days + 2 - category.peak) / 365.25)
        walk = np.cumsum(rng.normal(0.0, 0.008, DAYS))
        age = np.maximum(days - products.launch[sku], 0)
        ramp = -1.5 * np.exp(-age / 15.0) * (products.launch[sku] > 0)
        trend = rng.normal(0.02, 0.20) * (days - TRAIN_DAYS / 2) / 365
        rows.append(np.log(products.level[sku]) + trend + season + walk + market[index] + ramp)
    return np.array(rows)


def draw_demand(
    rng: Rng, products: Products, promotions: list[Promotion]
) -> tuple[Counts, Counts, Counts]:
    """Draw demand (series, days) and return it with each series' product and warehouse."""
    base = product_effect(rng, products) + promotion_effect(products, promotions)
    weekday = [weekday_effect(warehouse) for warehouse in WAREHOUSES]
    festival = [[festival_effect(rng, c, w) for w in WAREHOUSES] for c in CATEGORIES]
    pairs = rng.permutation(list(np.ndindex(len(products.codes), len(WAREHOUSES))))
    demand = np.zeros((len(pairs), DAYS), dtype=np.int64)
    for row, (sku, place) in enumerate(pairs):
        kind = products.category[sku]
        share = np.log(WAREHOUSES[place].share) + rng.normal(0.0, 0.30)
        walk = np.cumsum(rng.normal(0.0, 0.006, DAYS))
        mean = np.exp(base[sku] + share + walk + weekday[place] + festival[kind][place])
        size = CATEGORIES[kind].size
        demand[row] = rng.poisson(rng.gamma(size, mean / size))
        demand[row, : products.launch[sku]] = 0
    return demand, pairs[:, 0], pairs[:, 1]


def sell(rng: Rng, demand: Counts, launches: Counts) -> tuple[Counts, Flags]:
    """Run the weekly order-up-to rule; return sales and whether the day ended without stock."""
    arriving = np.zeros((len(demand), DAYS + 60), dtype=np.int64)
    stock = np.ceil(demand[:, :56].mean(axis=1) * 30 + 12).astype(np.int64)
    sales = np.zeros_like(demand)
    stockout = np.zeros(demand.shape, dtype=bool)
    for day in range(DAYS):
        stock += arriving[:, day]
        new = launches == day
        stock[new] = np.ceil(demand[new, day : day + 14].mean(axis=1) * 25 + 8).astype(np.int64)
        sales[:, day] = np.minimum(demand[:, day], stock)
        stock -= sales[:, day]
        stockout[:, day] = stock == 0
        if day % 7 == 0 and day > 0:
            recent = sales[:, max(0, day - 27) : day + 1].mean(axis=1)
            target = np.ceil(recent * 20 + 2.2 * np.sqrt(20 * recent) + 2).astype(np.int64)
            order = np.maximum(target - stock - arriving[:, day + 1 :].sum(axis=1), 0)
            late = rng.random(len(demand)) < LATE_ORDERS
            due = day + rng.integers(4, 14, size=len(demand)) + 21 * late
            arriving[np.arange(len(demand)), due] += order
    return sales, stockout


def simulate(seed: int) -> World:
    """Draw the whole world from one seed, one independent stream per part."""
    parts = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)]
    products = draw_products(parts[0])
    promotions = draw_promotions(parts[1], products)
    demand, sku, warehouse = draw_demand(parts[2], products, promotions)
    sales, stockout = sell(parts[3], demand, products.launch[sku])
    series = random_codes(parts[4], "S", len(demand))
    return World(products, promotions, series, sku, warehouse, demand, sales, stockout)


def write_csv(path: Path, header: str, rows: list[str]) -> None:
    """Write a UTF-8 table with LF line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join([header, *rows]) + "\n").encode())


def history_rows(world: World) -> list[str]:
    """Return the lines of history.csv, from each product's launch to the last training day."""
    dates = [date_of(day).isoformat() for day in range(TRAIN_DAYS)]
    rows = []
    for row, name in enumerate(world.series):
        sales, stockout = world.sales[row].tolist(), world.stockout[row].tolist()
        days = range(int(world.products.launch[world.sku[row]]), TRAIN_DAYS)
        rows += [f"{name},{dates[day]},{sales[day]},{stockout[day]:d}" for day in days]
    return rows


def series_rows(world: World) -> list[str]:
    """Return the lines of series.csv; the launch date is empty for older products."""
    products, rows = world.products, []
    for name, sku, place in zip(world.series, world.sku, world.warehouse, strict=True):
        family = f"{CATEGORIES[products.category[sku]].name},{WAREHOUSES[place].name}"
        launch = str(date_of(int(products.launch[sku]))) if products.launch[sku] else ""
        rows.append(f"{name},{products.codes[sku]},{family},{products.price[sku]:.0f},{launch}")
    return rows


def calendar_rows() -> list[str]:
    """Return the lines of calendar.csv, the 28 days to forecast included."""
    columns = zip(marked(HOLIDAYS), marked(MAKEUP_DAYS), days_from_new_year(), strict=True)
    return [
        f"{date_of(day)},{day % 7 + 1},{holiday:d},{makeup:d},{gap}"
        for day, (holiday, makeup, gap) in enumerate(columns)
    ]


def cells(world: World, rows: Iterable[int]) -> list[tuple[str, int, int]]:
    """Return (id, series row, day) of the cells to forecast for the given series."""
    names, days = world.series, range(TRAIN_DAYS, DAYS)
    return [(f"{date_of(day):%Y%m%d}_{names[row]}", row, day) for row in rows for day in days]


def write_input(world: World, out: Path) -> None:
    """Write what a forecaster sees: history, hierarchy, campaigns, calendar and cells to fill."""
    names, codes = world.series, world.products.codes
    campaigns = [
        f"{codes[sku]},{date_of(first)},{date_of(last)},{discount:.2f}"
        for sku, first, last, discount in world.promotions
    ]
    every = cells(world, range(len(names)))
    test = [f"{key},{names[row]},{date_of(day)}" for key, row, day in every]
    hierarchy = "series,sku,category,warehouse,price,launch_date"
    calendar = "date,weekday,holiday,makeup_workday,days_from_new_year"
    write_csv(out / "history.csv", "series,date,sales,stockout", history_rows(world))
    write_csv(out / "series.csv", hierarchy, series_rows(world))
    write_csv(out / "promotions.csv", "sku,first_date,last_date,discount", campaigns)
    write_csv(out / "calendar.csv", calendar, calendar_rows())
    write_csv(out / "test.csv", "id,series,date", test)


README = """\
# 需求预测 / Demand forecast

各文件的字段见赛题“数据说明”。stockout=1：当日收市时库存为零，销量只是需求的下界。
The fields are described under Data in the statement. stockout=1: the day ended without stock, so
sales are a lower bound of demand. Simulated by generate.py. Licence CC-BY-4.0.
"""


def write_public(world: World, out: Path) -> None:
    """Write the download: the input, a README and a sample answer (last day's sales, widened)."""
    write_input(world, out)
    (out / "README.md").write_bytes(README.encode())
    last = world.sales[:, TRAIN_DAYS - 1].tolist()
    every = cells(world, range(len(world.series)))
    lines = [f"{key},0,{last[row]},{2 * last[row] + 1}" for key, row, _ in every]
    write_csv(out / "sample_predictions.csv", "id,q10,q50,q90", lines)


def write_truth(world: World, rng: Rng, out: Path) -> None:
    """Split the products at random, 30 % to board A, and write each board's demand."""
    skus = rng.permutation(len(world.products.codes))
    on_a = set(skus[: round(SHARE_A * len(skus))].tolist())
    for board in ("A", "B"):
        rows = [i for i, sku in enumerate(world.sku) if (int(sku) in on_a) == (board == "A")]
        lines = [f"{key},{world.demand[row, day]}" for key, row, day in cells(world, rows)]
        write_csv(out / board / "truth" / "truth.csv", "id,demand", lines)


def main() -> None:
    """Generate the pack's data folder."""
    parser = argparse.ArgumentParser(description="simulate the demand forecasting data")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    world = simulate(options.seed)
    write_public(world, options.out / "public")
    write_input(world, options.out / "input")
    write_truth(world, np.random.default_rng([options.seed, 1]), options.out)


if __name__ == "__main__":
    main()
