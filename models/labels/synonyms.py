"""Names that different data sets give to the same class.

A group lists what is taken for the same thing, the best representative first: converting a map to a palette that
has several of a group picks the earliest. The groups are ours, made by reading the class lists of the palettes in
`palettes/`; where one data set divides more finely than another (walls by material), the finer names stand last.
"""

from functools import cache

_GROUPS = """
unlabeled | unlabelled | others | other | void | background | unknown | ignore | ignored | none
road | street | roadway
sidewalk | siderwalk | pavement | footpath | path
parking | parking lot
rail track | railroad | railway | rails
building | building other | house | skyscraper | hovel | tower | buildings
wall | wall other | wall concrete | wall brick | wall stone | wall panel | wall tile | wall wood
fence | fencing | railing | bannister | cage
guard rail | guardrail
bridge | overpass
pole | streetlight | street lamp
polegroup | pole group
traffic light | traffic signal | stoplight | traffic lights
traffic sign | street sign | stop sign | signboard | traffic signs
vegetation | vegatation | tree | plant | plant other | bush | palm | leaves | branch | trees | plants
terrain | grass | field | earth | dirt | land | ground other | playingfield | mud | sand | gravel | meadow
sky | sky other | clouds
person | pedestrian | human | person group | people | persons | pedestrians
rider | cyclist | rider group | riders
car | automobile | van | car groups | cars
truck | lorry | truck group | trucks
bus | coach | bus group | buses
train | tram | on rails
motorcycle | motorbicycle | minibike | motorbike | motocycle | motorbicycle group
bicycle | bike | bicycle group | bicycles
tricycle | tricycle group
trailer | trailers
boat | ship
airplane | aeroplane | plane
water | water other | sea | river | lake
mountain | hill
rock | stone
ceiling | ceiling other | ceiling tile
floor | floor other | floor wood | floor tile | floor stone | floor marble
window | windowpane | window other | window blind
door | door stuff | screen door
table | dining table | coffee table
desk | desk stuff
mirror | mirror stuff
sofa | couch
television | tv | television receiver
rug | carpet | mat
blanket | towel | cloth | textile other
trash can | ashcan | dustbin
stairs | stairway | step | staircase
"""
_SHORT = {"light": "traffic light", "sign": "traffic sign"}
"""Short names, meant so only where the palette has no class of the full name."""


def spelling(name: str) -> str:
    """A name without its accidents: lower case, single spaces in place of hyphens and underscores."""
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


@cache
def synonym_groups() -> dict[str, tuple[str, ...]]:
    """Every group under its first name; names are as `spelling` makes them."""
    groups = [tuple(part.strip() for part in line.split("|")) for line in _GROUPS.strip().splitlines()]
    return {group[0]: group for group in groups}


def synonyms_in(name: str, names: frozenset[str]) -> tuple[str, ...]:
    """What else class `name` may be called, best first, where `names` are all names of its own palette.

    "light" is a traffic light in a list of street classes, but not beside a class "traffic light".
    """
    groups = synonym_groups()
    if name in _SHORT and _SHORT[name] not in names:
        return groups[_SHORT[name]]
    return next((group for group in groups.values() if name in group), (name,))
