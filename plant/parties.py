"""Customers, suppliers, carriers and materials of the simulated manufacturer. All are invented."""

from __future__ import annotations

from random import Random

# Name and weight; the tiers are in the catalog's contracts.
CUSTOMERS = {
    "Voss Hydraulik": 14, "Northfield Pumps": 11, "Danube Robotics": 9, "Brenner Antriebe": 8, "Keystone Conveyors": 8,
    "Lindqvist Marine": 6, "Prairie Implements": 6, "Atelier Moreau": 5, "Castello Macchine": 5, "Harbor Cranes": 4,
    "Nordlicht Wind": 4, "Ostrava Presses": 3, "Pacific Valve": 3, "Rhein Labor": 2, "Tatra Lifts": 2,
}  # fmt: skip
SUPPLIERS = {
    "Isar Castings": 8, "Great Lakes Bearings": 7, "Allgaeu Seals": 6, "Moravia Forge": 5, "Ohio Fasteners": 5, "Veneto Motori": 4,
    "Zwickau Wire": 3, "Jura Optics": 2,
}  # fmt: skip
CARRIERS = ("Donau Spedition", "Alpin Express", "Midwest Freight")
MATERIALS = ("HY-2040 pump", "GX-17 gearbox", "SV-300 valve block", "DR-88 drive", "PL-5 plate set")
CAUSES = {
    "order-to-cash": ("MATERIAL_NOT_IN_PLANT", "MATERIAL_NOT_IN_PLANT", "MATERIAL_NOT_IN_PLANT", "PRICE_MISSING"),
    "procure-to-pay": ("SUPPLIER_BLOCKED", "INFO_RECORD_MISSING"),
    "plan-to-produce": ("COMPONENT_MISSING", "ROUTING_MISSING"),
}
MESSAGES = {
    "MATERIAL_NOT_IN_PLANT": "Material {material} is not maintained in plant {plant}",
    "PRICE_MISSING": "Mandatory condition PR00 is missing for {material}",
    "SUPPLIER_BLOCKED": "Vendor is blocked for purchasing organisation 1000",
    "INFO_RECORD_MISSING": "No info record for {material} in plant {plant}",
    "COMPONENT_MISSING": "Component of {material} is not available in plant {plant}",
    "ROUTING_MISSING": "No routing for {material} in plant {plant}",
}


def pick(random: Random, weights: dict[str, int]) -> str:
    """Return a name, by weight."""
    return random.choices(list(weights), list(weights.values()))[0]


def amount(random: Random, median: float) -> float:
    """Return a plausible order value: log-normal, to the cent, at most 60 times the median."""
    return round(min(random.lognormvariate(0, 1.1), 60) * median, 2)
