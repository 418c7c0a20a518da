"""Words to spell and to search for, and made-up names."""
import re
from collections import Counter
from random import Random

from holdout import is_held_out

COMMON = (
    "apple river stone garden window planet silver bridge candle forest mirror orange pencil rocket "
    "tiger violin winter yellow anchor basket castle dragon eagle flower guitar hammer island jacket "
    "kitten lemon market needle ocean parrot queen rabbit saddle temple valley wagon banana bottle "
    "butter button camera carpet cheese cherry circle coffee cotton desert dinner doctor donkey engine "
    "family farmer father finger galaxy ginger globe golden grape harbor helmet honey hunter insect "
    "jungle kettle kitchen ladder lantern letter library machine magnet meadow monkey mother mountain "
    "museum music number onion oxygen paper pepper piano picture pirate pocket potato puzzle rainbow "
    "ribbon robot school science season shadow sister soldier spider spring square station summer "
    "sunset teacher thunder ticket tomato tower travel tunnel turtle umbrella village walnut water "
    "weather whistle wizard yogurt zebra bread chair cloud dance dream earth field fruit glass grass "
    "heart horse house knife light mouse night peach plant radio salad sheep shirt snake spoon stamp "
    "storm sugar table toast train truck wheel world"
).split()

# Pieces of made-up names and words: they force the model to copy what it reads.
STARTS = "Ba Bel Bor Ca Cor Da Del Dor El Fa Fen Gal Gor Ha Hol Ja Jor Ka Kel Lan Lor Ma Mel Mor Na Nel " \
         "Or Pa Per Ra Ren Ro Sa Sel Ta Tor Ul Va Vel Wil Yo Za Zor".split()
MIDDLES = "ba da del do ga ki la li lo ma mi na ni ra ri ro sa ta ti va vi zo".split()
ENDS = "ben bert don dra kin las lan lia lin mar min na nor ra rick ris ron sha son ta tin tor vin ya".split()

LETTERS = re.compile(r"[a-z]{3,10}")


def made_up_name(rng: Random) -> str:
    middle = rng.choice(MIDDLES) if rng.random() < 0.4 else ""
    return rng.choice(STARTS) + middle + rng.choice(ENDS)


class WordLists:
    """Words from the verse and from everyday life, split into training and held-out words."""

    def __init__(self, verse: str):
        counts = Counter(LETTERS.findall(verse.lower()))
        words = sorted({word for word, count in counts.items() if count >= 2} | set(COMMON))
        self.training = [word for word in words if not is_held_out("word", word)]
        self.held_out = [word for word in words if is_held_out("word", word)]
        self.common_held_out = [word for word in sorted(COMMON) if is_held_out("word", word)]
        self._known = set(words)

    def any_word(self, rng: Random, held_out: bool) -> str:
        return rng.choice(self.held_out if held_out else self.training)

    def made_up(self, rng: Random) -> str:
        """No real word: parts of two, so that every piece of a word is met in new company."""
        everything = self.training + self.held_out
        while True:
            first, second = rng.choice(everything), rng.choice(everything)
            word = first[: rng.randint(2, len(first))] + second[-rng.randint(1, 4):]
            if word not in self._known and len(word) <= 11:
                return word
