"""Random texts in which words are hard to count, and the terms that are counted in them."""

import random
from itertools import pairwise

from emovlm.frequency.blocks import Block
from emovlm.frequency.counts import Term

ENGLISH = {
    "fear": "fear fears feared fearful fearfully frightened afraid scared",
    "sadness": "sad sadder saddest sadness sadly saddened",
    "disgust": "disgust disgusted disgusting grossed-out",
    "surprise": "surprise surprised shocked startled",
    "neutral": "neutral neutrality at ease",
    "anxiety": "anxiety ill at ease uneasy",
    "confusion": "flustered",
}
CHINESE = {
    "fear": "恐惧 害怕 畏惧 惧怕 惊恐", "anger": "愤怒 生气 恼怒 火大", "helplessness": "无助 无奈 无能为力",
    "anxiety": "不安 焦虑 担忧 忧虑", "sadness": "悲伤 难过 伤心 沉默", "happiness": "快乐 高兴 平静 乐呵呵 幸福",
}  # fmt: skip
TRADITIONAL = {"fear": "恐懼 畏懼 驚恐", "anger": "憤怒 生氣 惱怒", "disgust": "厭惡 噁心", "happiness": "快樂 興奮"}
SIGNS = [
    *" \n\t.,-_'2sA!?#+%&<=>/", "\r\n", "  ", "\x00", "\x0b", "\x1f", "\x85", "\u00a0", "\u2028", "\u3000",
    "\u1680", "\u202f", "’", "＇", "ʼ", "‐", "\u2011", "－", "﹣", "—", "²", "½", "Ⅷ", "·", "…", "．", "％", "ー",
    "￼", "🙂", "👩\u200d🦰", "\ufe0f", "é", "É", "e\u0301", "\u0301", "\u0323", "\u0338", "\u3099", "\u0345",
    "\u0e31", "\u0e38", "\u302e", "\u0345\u0301", "<\u0338", "\u00ad", "\u200b", "\u200c", "\u200d", "\u2060",
    "\ufeff", "\u034f", "\u180b", "\u115f", "\uffa0", "\U000e0100", "™", "ﬁ", "ﬂ", "ſ", "\u212a", "ı", "İ",
    "ß", "ẞ", "ª", "Ⓐ", "𝐟", "ｆ", "ｓ", "Ａ", "℃", "ẚ", "ŉ", "ǆ", "а", "ё", "Ω", "我", "不", "的", "他", "恐", "惧",
    "懼", "无", "無", "助", "心", "安", "高", "兴", "人", "乾", "俓", "㐷", "𠀀", "一个", "女人",
    "の", "か", "カ", "ﾊﾞ", "한",
    "ᄀ", "\u1161", "\u11a8", "ก", "ไทย", "ｶﾞ", "㍻", "㊙", "㍿", "\u2f00", "\u2fa6", "\uf90a", "\ufa65",
    "\U0002f800", "豈", "不是", "没有", "并不", "not ", "no ", "never ", "don't ", "he ", "man ", "cannot", "not",
]  # fmt: skip
BYTES = [b"\xff", b"\xc3", b"\xe6\x81", b"\xf0\x9f", b"\x80", b"\xed\xa0\x80", b"\xc0\x80", b"\xe2\x80", b"\xef\xbc"]
VARIANTS = {"不": "不\uf967", "怒": "怒\uf960", "生": "生\u2f63", "心": "心\u2f3c", "沉": "沉沈", "惧": "惧懼"}
VANISHING = ["\u00ad", "\u200c", "\u2060", "\u0301", "\u200b", "\ufeff", "\u034f"]
GAPS = [" ", "  ", "\n", "\u00a0", "\u200b", " \u00ad ", "\u3000", "-", "\u2011", ", ", " - ", "\r\n\t", "\u2028"]
BEHIND = ["'s", "’s", "＇s", "'t", "’ s", " not", " never", "-s", "ʼs", "'\u00ads"]
BEFORE = ["not ", "no ", "don't ", "don’t ", "never a ", "man ", "her ", "don\u00ad't "]
FAR = ["é ", "字", "字，", "ab ", "\u0301", "\u0301\u0323", "x", "e\u0301 "]
IN_CHINESE = ["\u00ad", "\ufe0f", "\u200b", "\u2060", "\U000e0101", "\u0301", " ", "a", "．"]
BEFORE_CHINESE = ["不", "没有", "他很", "并不", "女人", "感到", "一个男人", "乾"]


def terms(*, english: bool = True, chinese: bool = True, accents: bool = False) -> list[Term]:
    """Terms of both languages and scripts, of several words too; ``accents`` adds some with letters beyond ASCII."""
    found = []
    if english:
        phrases = {"at ease", "ill at ease", "café noir"}
        for emotion, words in ENGLISH.items():
            rest = words
            for phrase in sorted(phrases, key=len, reverse=True):
                if phrase in rest:
                    rest = rest.replace(phrase, "")
                    found.append(Term(phrase, "en", emotion))
            found += [Term(word, "en", emotion) for word in rest.split()]
    if accents:
        found += [Term(word, "en", "ennui") for word in ("naïve", "blasé", "groß", "café noir", "страх")]
    if chinese:
        found += [Term(word, "zh", e, script="simplified") for e, words in CHINESE.items() for word in words.split()]
        found += [
            Term(word, "zh", e, script="traditional") for e, words in TRADITIONAL.items() for word in words.split()
        ]
    return found


def documents(draw: random.Random, some: list[Term], n: int) -> list[bytes]:
    """Random texts around the terms, as UTF-8 of which some is broken."""
    return [_document(draw, some) for _ in range(n)]


def blocks(draw: random.Random, texts: list[bytes], file: str) -> list[Block]:
    """Documents in blocks of random lengths."""
    cuts = sorted(draw.sample(range(1, len(texts)), min(len(texts) - 1, draw.randint(0, 3)))) if len(texts) > 1 else []
    return [Block.of(texts[a:b], file, a) for a, b in pairwise([0, *cuts, len(texts)])]


def _document(draw: random.Random, some: list[Term]) -> bytes:
    parts = []
    for _ in range(draw.randint(0, 14)):
        chosen = draw.random()
        if chosen < 0.45:
            term = draw.choice(some)
            parts.append((_chinese if term.language == "zh" else _english)(draw, term.text).encode())
        elif chosen < 0.97:
            parts.append(draw.choice(SIGNS).encode())
        else:
            parts.append(draw.choice(BYTES))
    if draw.random() < 0.05:  # as far as one looks around a hit, and farther
        filling = draw.choice(FAR) * draw.randint(50, 900) if draw.random() < 0.5 else "e" * draw.randint(85, 100)
        parts.insert(draw.randint(0, len(parts)), (filling + draw.choice(["", " ", "\u0301", " her"])).encode())
    text = b"".join(parts)
    if text and draw.random() < 0.03:
        at = draw.randrange(len(text))
        text = text[:at] + text[at + draw.randint(1, 2) :]
    return text


def _english(draw: random.Random, word: str) -> str:
    chosen = draw.random()
    if " " in word or ("-" in word and chosen < 0.5):
        gap = draw.choice(GAPS)
        return gap.join(_english(draw, part) for part in word.replace("-", " ").split())
    if chosen < 0.45:
        return word
    if chosen < 0.6:
        return word.upper()
    if chosen < 0.65:
        return "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in word)
    if chosen < 0.7:
        return word.replace("s", "ſ").replace("k", "\u212a")
    if chosen < 0.78:
        at = draw.randint(0, len(word))
        return word[:at] + draw.choice(VANISHING) + word[at:]
    if chosen < 0.83:
        return word.replace("fu", "ﬀu").replace("fl", "ﬂ").replace("st", "ﬆ")
    if chosen < 0.88:
        return word + draw.choice(BEHIND)
    if chosen < 0.94:
        return draw.choice(BEFORE) + word
    return word.title().replace("i", draw.choice("ıİі"))


def _chinese(draw: random.Random, word: str) -> str:
    chosen = draw.random()
    if chosen < 0.6:
        return word
    if chosen < 0.75:
        return "".join(draw.choice(VARIANTS.get(c, c)) for c in word)
    if chosen < 0.85:
        at = draw.randint(0, len(word))
        return word[:at] + draw.choice(IN_CHINESE) + word[at:]
    if chosen < 0.95:
        return draw.choice(BEFORE_CHINESE) + word + draw.choice(["", "的", "地", "人"])
    return word[: draw.randint(0, len(word))]
