"""Prose for simulated answers: sentences about life in a harbour.

A seed decides their order and details, so that the same prompt always gets the same text.
"""

import re
from collections.abc import Iterator
from random import Random
from typing import Final

from sealink.catalog.models import SIM_MODEL

_PIECE = re.compile(r"[^\S\n]?(?:[^\W\d_]{1,8}|\d{1,3}|[^\w\s]|_)|\s")


def pieces(text: str) -> list[str]:
    """`text` cut into tokens: up to eight letters, up to three digits or one other character, each with the space
    before it. Joined, they are `text` again."""
    return _PIECE.findall(text)


def introduction(model: str) -> str:
    """The first sentence of every answer in prose: that it is simulated, and which model it replaces."""
    if model == SIM_MODEL:
        return "This is SeaLink's simulated model."
    return f"This is SeaLink's simulated model, standing in for {model}."


def harbour_prose(rng: Random) -> Iterator[str]:
    """Endless sentences of prose, each with the white space before it."""
    while True:
        for paragraph in rng.sample(_PARAGRAPHS, len(_PARAGRAPHS)):
            sentences = rng.sample(paragraph, len(paragraph))
            yield "\n\n" + _filled_in(sentences[0], rng)
            for sentence in sentences[1:]:
                yield " " + _filled_in(sentence, rng)


def thoughts(rng: Random) -> Iterator[str]:
    """Endless sentences of simulated thinking, each with the white space before it."""
    yield "This is simulated thinking."
    while True:
        for sentence in rng.sample(_THOUGHTS, len(_THOUGHTS)):
            yield " " + _filled_in(sentence, rng)


def _filled_in(sentence: str, rng: Random) -> str:
    text = sentence.format_map({slot: rng.choice(words) for slot, words in _WORDS.items()})
    return text[0].upper() + text[1:]


_WORDS: Final[dict[str, list[str]]] = {
    "hour": ["dawn", "first light", "noon", "dusk", "midnight", "the turn of the tide", "four in the morning"],
    "season": ["spring", "summer", "autumn", "winter", "the herring season", "the season of fogs"],
    "weather": ["fog", "a stiff westerly", "drizzle", "a flat calm", "sleet", "a long swell", "clear frost"],
    "person": [
        "the harbour master", "the pilot", "the lock keeper", "the signalman", "the rigger", "the tally clerk",
        "the cook of the dredger", "the apprentice", "the chart maker", "the ferryman", "the lamp trimmer",
    ],
    "vessel": [
        "a coaster", "a tug", "a trawler", "the mail boat", "a cable ship", "a collier", "the ferry",
        "a dredger", "a grain ship", "a yacht on its way south", "the pilot cutter",
    ],
    "name": ["Patience", "Merganser", "North Light", "Anna Maria", "Little Auk", "Steadfast", "Halcyon", "Tern"],
    "place": [
        "the outer mole", "the fish quay", "the coal staithe", "the dry dock", "the east basin", "the slipway",
        "the customs steps", "the long pier", "the tidal gate", "the breakwater",
    ],
    "goods": ["timber", "salt", "oranges", "copper wire", "paper", "barley", "roofing slate", "wool", "glass"],
    "number": ["two", "three", "four", "five", "seven", "nine", "eleven", "a dozen", "twenty", "forty"],
    "unit": ["minutes", "hours", "days", "tides", "watches"],
    "trait": ["patient", "exact", "unhurried", "careful", "plain", "steady", "cheerful", "stubborn"],
}  # fmt: skip

_PARAGRAPHS: Final[list[list[str]]] = [
    [
        "The tide tables hang beside the door, and nobody leaves without looking at them.",
        "At {hour} the water stands still for a few minutes, and everything that floats seems to wait.",
        "A tide that comes {number} minutes early is remembered here for years.",
        "When there is {weather}, the tide gauge at {place} reads a little high, and {person} allows for it.",
        "The flood fills the east basin first, then creeps round {place} as if it had an errand there.",
        "Everyone has a rule of thumb for the tide; the {trait} ones still look it up.",
        "In {season} the ebb runs hard enough to turn {vessel} on her own anchor.",
    ],
    [
        "The light on the point shows {number} flashes and then darkness, so that it is taken for no other.",
        "{person} says that a light must be dull to watch and impossible to mistake.",
        "The lens is polished at {hour}, always in the same direction, with a cloth kept for nothing else.",
        "In {weather} the beam looks solid, like a plank laid across the water.",
        "A lamp that fails is replaced within the minute, and the failure is written down.",
        "From {place} the light can be read like a clock, once one has learnt its rhythm.",
        "The old lamp burned oil and needed {number} people; the new one needs a visit in {season}.",
    ],
    [
        "A pilot boards in the lee, by a ladder, and says good morning before anything else.",
        "The pilot of the {name} knows the channel by the colour of the water.",
        "{vessel} that comes in without a pilot is watched from {place} by everybody at once.",
        "There are {number} ways through the shoals, of which only one is used in {weather}.",
        "The {trait} pilot asks what the ship can do; the other kind asks what she should do.",
        "A chart shows where the rocks are, and a pilot remembers where they have been felt.",
        "It takes {number} years to learn the approach, and one careless night to forget it.",
    ],
    [
        "Cargo is counted twice: once by {person}, and once by somebody who does not know the first number.",
        "This week it is mostly {goods}, with some {goods} left over from {season}.",
        "A sling of {goods} swings out over {place}, and for a moment no one speaks.",
        "The two counts are compared at {hour}, and a difference of one is looked for until it is found.",
        "Half of what is shipped in {season} is packing, and somebody has to carry that as well.",
        "The crane driver can set down a crate of {goods} on an egg, and has been asked to prove it.",
        "What cannot be counted is weighed, and what cannot be weighed is argued about at {place}.",
    ],
    [
        "A rope tells its age by its ends.",
        "{person} splices by touch, looking out over the water all the while.",
        "The mooring lines of the {name} are as thick as an arm and as soft as a sleeve.",
        "No rope is thrown away at {place}; it becomes a fender, then a mat, then caulking.",
        "A knot is good when it holds in {weather} and can still be undone at {hour}.",
        "There is a loft of {number} windows where the sails were cut, and where nets are mended now.",
        "The {trait} way to coil a line is with the sun, and nobody remembers who began it.",
    ],
    [
        "The signal mast carries flags by day and lamps by night, and means the same with both.",
        "A hoist of {number} flags from {place} can stop all traffic in the basin.",
        "Messages are repeated back before they are acted upon, even when there is no time for it.",
        "{person} once answered a question that had been asked by a line of washing.",
        "In {weather} the horn takes over, {number} short notes and a long one.",
        "Every signal is entered in the log with the time, and with the time at which it was understood.",
        "Silence is a signal too, which is why the mast is never left bare.",
    ],
    [
        "Fog arrives without a sound and is first noticed by the gulls.",
        "On such days {vessel} feels her way in at the pace of somebody looking for a light switch.",
        "The bell buoy off {place} rings when it is needed least and is listened to when it is needed most.",
        "After {number} {unit} of fog, people begin to speak more quietly.",
        "{person} walks to {place} and back to see whether anything can be seen, and reports that it cannot.",
        "When it lifts, the harbour looks as if it had been put back slightly to the left.",
        "Nothing is late in fog; everything is merely not yet there.",
    ],
    [
        "The lock is filled slowly, because water in a hurry breaks things.",
        "{vessel} waits below the gates while {person} watches the two levels meet.",
        "What flows in at one end must be let out at the other, no faster than those below can take it.",
        "If the lower basin is full, the sluice stays shut, and the queue forms upstream where there is room for it.",
        "There is a mark on the wall for every flood, the highest of them at {place}.",
        "A good lock keeper is {trait} and cannot be shouted at.",
        "The gates were hung in {season} by {number} people, and they still close with one hand.",
    ],
    [
        "A telegraph cable comes ashore under the shingle near {place}, behind a small locked door.",
        "The cable ship stayed for {number} {unit} and spliced two ends that had been looking for each other.",
        "Through that wire the words arrive one by one, and nobody waits for the last before reading the first.",
        "When a word is lost, the operator does not guess; the sender is asked to say it again.",
        "A message that breaks off is marked as broken off, so that no one mistakes it for a short one.",
        "{person} counts the words, for the words are what is paid for.",
        "In {season} the line is tested at {hour}, and an old joke is sent from each end.",
    ],
    [
        "The ferry crosses whether or not there is anybody to cross.",
        "There are {number} benches on the {name}, and one of them is always wet.",
        "The timetable was drawn up in {season} and has been correct ever since, apart from {weather}.",
        "Passengers who have taken the ferry for years stand exactly where the gangway will come down.",
        "{person} has never been across and says that it looks the same from here.",
        "Bicycles travel free, {goods} by weight, and dogs by arrangement.",
        "The crossing takes {number} {unit} on paper, and as long as it takes in fact.",
    ],
    [
        "In the dry dock a ship looks twice her size and rather embarrassed.",
        "The {name} came in for {number} plates and stayed for thirty.",
        "Rust is tapped with a hammer and listened to, as a doctor listens to a chest.",
        "{person} keeps a list of what was found and a shorter list of what was paid for.",
        "A hull is painted at {hour}, when the steel is dry and the flies are not about.",
        "Every tool has its outline on the wall, so that a missing one is seen before the dock is flooded.",
        "When the water comes back, everybody pretends not to watch for leaks.",
    ],
    [
        "The chart of the roads is redrawn every {season}, because the sand does not hold still.",
        "Soundings are taken by {vessel} on a grid, at {hour}, and never by the person who draws them.",
        "A blank part of a chart is an honest part.",
        "{person} has a drawer of {number} charts that are wrong in interesting ways.",
        "The scale bar is checked first; more ships were lost to it than to any rock.",
        "Corrections are written in red and dated, and the {trait} reader looks at the date.",
        "Off {place} the depth is given in metres, with a question mark that has survived three editions.",
    ],
    [
        "The weather is observed from the roof at {hour}, and from the window at all other times.",
        "A falling glass and {weather} together mean that the small boats come in.",
        "The forecast is chalked up at {place}, with yesterday's left standing beside it for comparison.",
        "{person} forecasts by the knee and is right about as often.",
        "In {season} the wind goes round with the sun, except when it matters.",
        "A gale of {number} {unit} leaves the harbour full of other people's oars.",
        "Calm is not the absence of weather but a kind of it.",
    ],
    [
        "The log is written in ink, and a mistake is struck through so that it can still be read.",
        "Each entry has a time, a fact and a name; opinions go on the back of the page.",
        "On {number} pages there is nothing but {weather}, and those are the peaceful ones.",
        "{person} fills in the quiet hours too, because a gap would look like a secret.",
        "From the log one can tell to the minute when the {name} left, and from {place} that she was missed.",
        "At the end of {season} the books are bound, and the sums are made to agree.",
        "What was not written down at {hour} is not remembered at noon.",
    ],
    [
        "Gulls have divided the fish quay among themselves along lines that no clerk would dispute.",
        "A heron stands at {place} in the attitude of somebody waiting for a late appointment.",
        "The harbour cat is on the payroll of {number} ships.",
        "Seals come in with {weather} and look at the town as visitors look at an aquarium.",
        "In {season} the terns return to within a metre of where they were.",
        "{person} feeds the sparrows and denies it.",
        "There is a swan in the east basin that has right of way over {vessel}.",
    ],
    [
        "At the inn behind {place} a table is kept for crews that are expected.",
        "The soup has been on since {season}, in the sense in which a river has been on.",
        "{person} tells the story of the {name}, and the {trait} listeners correct only the numbers.",
        "A bill may be paid in {goods}, at a rate chalked above the bar.",
        "By {hour} the talk has got round to {weather}, where it rests.",
        "Those who sail early leave quietly, and the last of them turns down the lamp.",
        "Nobody is asked where they come from until they have been asked what they would like.",
    ],
]  # fmt: skip

_THOUGHTS: Final[list[str]] = [
    "The question is read once for what it says and once for what it leaves out.",
    "It would help to settle the order first: what comes in, what goes out, and who is waiting.",
    "Something like the case of the {name} comes to mind, though there it was {weather} that decided.",
    "If {person} were asked, the answer would probably be {trait} and short.",
    "A number is needed here, and {number} is only a guess, so it should not be leaned on.",
    "There are {number} ways to begin; the simplest of them is good enough.",
    "Perhaps the tide matters, perhaps it does not; at {place} it certainly would.",
    "One could start from {place} and work outwards.",
    "Taking {goods} as the example keeps things concrete.",
    "Before going on, the last step is checked against the first.",
    "That leaves the matter of {hour}, which can wait.",
    "Nothing so far contradicts the opening, which is a good sign.",
    "An objection: in {season} this would look different. It can be mentioned in passing.",
    "The answer should be {trait}, in whole sentences, and should say what it is.",
]
