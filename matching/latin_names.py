"""Latin-script names as registers hold them: accents, nicknames, initials, titles, word order, sound.

Chinese and Cyrillic names are written in Latin letters first, so that a native spelling and a romanised one meet.
The nickname table is a short list of English names in common use; a nickname may stand for several names (chris).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache, lru_cache

from matching.characters import is_han, sound

# each line: the full name, then the forms people are called by
_NICKNAMES = """
abigail abby abbie gail; abraham abe bram; adelaide addie; adrian ade; agnes aggie; albert al bert bertie; alexander
alex al sandy xander lex sasha; alexandra alex lexi sandra sasha alexa; alfred alf alfie fred; alice ali allie; alison
ali allie; amanda mandy; amelia amy millie mia; andrew andy drew; angela angie; ann annie nan nancy anne anna; anthony
tony ant; archibald archie; arthur art artie; augustus gus; barbara barb babs barbie; beatrice bea trixie; benjamin
ben benny benji; bernard bernie; bernadette bernie; bradley brad; bridget bridie; calvin cal; cameron cam; caroline
carrie caro carol; catherine cathy kate katie kathy cat kitty kat cath katy; cecilia cecily cissy; charles charlie
chuck chas charly; charlotte charlie lottie lotte char; christian chris; christina chris tina chrissy christie;
christine chris tina chrissy; christopher chris kit topher; clara clare; clifford cliff; constance connie; cornelius
neil; cynthia cindy; daniel dan danny; daniella dani; david dave davey davy; deborah deb debbie debra; dennis den
denny; derek del; dominic dom nic; donald don donnie; dorothy dot dottie dolly; douglas doug dougie; edith edie;
edmund ed eddie ted; edward ed eddie ted teddy ned; edwin ed eddie; eleanor ellie nell nellie nora ella; elijah eli;
elizabeth liz lizzie beth betty eliza elsie libby lisa betsy bess lizzy; ella ellie; emily em emmy millie; emma em
emmy; ernest ernie; eugene gene; evelyn eve evie; ezekiel zeke; florence flo florrie flossie; frances fran frankie
fanny; francis frank frankie; franklin frank; frederick fred freddie freddy; gabriel gabe; gabrielle gabby; geoffrey
geoff jeff; george georgie; georgia georgie; georgina georgie gina; gerald gerry jerry; gerard gerry; gilbert gil
bert; grace gracie; graham gray; gregory greg; gwendolyn gwen; hannah hanna; harold harry hal; harriet hattie;
harrison harry; harry harold henry; helen nell ellen helena; henry harry hank hal; herbert herb bert; hilary hil;
howard howie; hugh hughie; imogen immy; irene rene; isaac ike zac; isabella bella izzy isabel isabelle; isabel bella
izzy belle; isabelle bella izzy belle; jacob jake; jack john jackie; jacqueline jackie; james jim jimmy jamie jem;
jane janie; janet jan; janice jan; jason jay; jasmine jas jaz; jeffrey jeff; jennifer jen jenny; jeremy jerry jez;
jerome jerry; jessica jess jessie; joan joanie; joanna jo joanne; joanne jo; john jack johnny jon; jonathan jon jonny
nathan; joseph joe joey; josephine jo josie; joshua josh; judith judy; julia julie; julian jules; juliet jules;
katherine kate kathy katie kat kitty kathryn; kathleen kathy kath; kenneth ken kenny; kevin kev; kimberly kim; laura
laurie; lawrence larry laurie; leonard leo len lenny; leo leon leonard; leslie les; lewis lew louis; lillian lil lily;
lily lil; linda lindy lyn; louis lou louie; louisa lou; louise lou; lucille lucy; lucy lu; luke luca lucas; mackenzie
mac kenzie; madeleine maddie; madison maddie; malcolm mal; margaret maggie meg peggy peggie marge margie greta rita;
maria mia; marianne mary; marion mari; marjorie marge; mark marc marcus; martha marty; martin marty; mary molly polly
mae mamie; matilda tilly mattie; matthew matt matty; maureen mo; maximilian max; maxwell max; megan meg; melanie mel;
melissa mel lissa missy; michael mike mick mickey micky mikey; michelle shelly chelle; mildred millie; miranda randy;
mitchell mitch; mohammed mo mohamed muhammad mohammad; morris mo; nancy nan; natalie nat tally; natasha tasha; nathan
nat nate; nathaniel nat nate nathan; neville nev; nicholas nick nicky nico; nicola nicky nic; nicole nicky nic; nigel
nige; norman norm; oliver ollie olly noll; olivia liv livvy ollie; oscar ozzy; oswald oz ozzy; pamela pam; patricia
pat patty trish tricia patsy; patrick pat paddy rick; paul paulie; paula paulie; penelope penny; percival percy; peter
pete; philip phil pip; phillip phil pip; phoebe phebe; phyllis phyl; poppy pop; priscilla cilla; rachel rach rachael;
randall randy; raymond ray; rebecca becky becca bex; reginald reg reggie; richard rick dick rich richie ricky dickie;
robert bob bobby rob robbie bert robin; roberta bobbie; roderick rod; rodney rod; roger rog; roland roly; ronald ron
ronnie; rosalind ros; rosamund ros; rosemary rose rosie; rose rosie; rowena ro; rupert rupe; russell russ; ruth
ruthie; samantha sam sammy; samuel sam sammy; sandra sandy; sarah sally sadie sara; scarlett scar; sebastian seb;
sharon shaz; sheila she; sidney sid; silvester sly; simon si; sophia sophie; sophie soph sophia; stanley stan; stella
stell; stephanie steph; stephen steve stevie steven ste; susan sue susie suzy; susannah sue susie; sylvia syl; terence
terry; teresa terry tess theresa; theodore ted teddy theo; thomas tom tommy; tiffany tiff; timothy tim timmy; tobias
toby; tristan tris; ursula ursie; valerie val; vanessa nessa; veronica ronnie nica; victor vic; victoria vicky tori
vic; vincent vince vinny; violet vi; virginia ginny ginger; walter walt wally; wilfred wilf; william bill billy will
willie willy liam; winifred win winnie; yvonne eve; zachary zach zac zack
"""
_TITLES = frozenset(re.findall(r"\w+", "mr mrs ms miss mx dr prof sir dame rev hon capt col lt maj sgt phd md esq mba"))
GENERATIONS = {"jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "ii", "iii": "iii", "iv": "iv"}
_CYRILLIC_LETTERS = "абвгґдеёжзийклмнопрстуўфхцчшщъыьэюяіїєђјљњћџ"
_CYRILLIC_IN_LATIN = """
a,b,v,g,g,d,e,e,zh,z,i,i,k,l,m,n,o,p,r,s,t,u,u,f,kh,ts,ch,sh,shch,,y,,e,yu,ya,i,i,e,dj,j,lj,nj,c,dz
"""
_CYRILLIC = dict(zip(_CYRILLIC_LETTERS, _CYRILLIC_IN_LATIN.strip().split(","), strict=True))
_SPECIAL = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ð": "d", "þ": "th"})
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_APOSTROPHES = re.compile(r"['’`´]")


@cache
def _full_names() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for group in _NICKNAMES.split(";"):
        full, *others = group.split()
        for name in (full, *others):
            if full not in found[name]:
                found[name].append(full)
    return {name: tuple(full) for name, full in found.items()}


def full_names(name: str) -> tuple[str, ...]:
    """The names a given name may stand for (bob: robert), itself when it is no known form of another."""
    return _full_names().get(name, (name,))


def latin(text: str) -> str:
    """Lower-case Latin letters, digits and spaces: accents dropped, Chinese and Cyrillic romanised."""
    lowered = text.lower()
    if not lowered.isascii():
        lowered = "".join(_letter(character) for character in unicodedata.normalize("NFKC", lowered))
        lowered = "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", _APOSTROPHES.sub("", lowered)).strip()


@lru_cache(maxsize=100_000)
def _letter(character: str) -> str:
    if is_han(character):
        return f" {sound(character)} "
    return _CYRILLIC.get(character, character.translate(_SPECIAL))


def name_words(text: str) -> list[str]:
    """The words of a name in order, `Surname, Given` turned, without titles and generations."""
    before, comma, after = text.partition(",")
    turned = f"{after} {before}" if comma and after.strip().lower().rstrip(".") not in GENERATIONS else text
    return [word for word in latin(turned).split() if word not in _TITLES and word not in GENERATIONS]


def generation(text: str) -> str | None:
    """Jr, sr, ii, iii or iv when the name carries one: father and son are two people."""
    return next((GENERATIONS[word] for word in latin(text).split() if word in GENERATIONS), None)


_SOUND_STEPS = [
    (re.compile(pattern), by)
    for pattern, by in (
        (r"^(kn|gn|pn)", "n"), (r"^wr", "r"), (r"^wh", "w"), (r"^x", "s"), (r"mb$", "m"), (r"ph", "f"), (r"sch", "x"),
        (r"(tch|ch|sh|tio|sio)", "x"), (r"th", "t"), (r"dge|dgi", "j"), (r"ght|gh", ""), (r"c(?=[eiy])", "s"),
        (r"ck|q|c", "k"), (r"g(?=[eiy])", "j"), (r"z", "s"), (r"v|w(?=[aeiouy])", "v"), (r"(?<=[aeiou])[hw]", ""),
        (r"dt$|d$", "t"), (r"(.)\1+", r"\1"),
    )
]  # fmt: skip


@lru_cache(maxsize=100_000)
def word_sound(word: str) -> str:
    """A rough sound of a European word: consonant skeleton after its first letter (schmitt, schmidt: xmt)."""
    for pattern, by in _SOUND_STEPS:
        word = pattern.sub(by, word)
    head, tail = word[:1], re.sub(r"[aeiouyh]", "", word[1:])
    return ("a" if head in "aeiouy" else head) + tail
