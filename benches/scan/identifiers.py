"""Invented identifiers of every class, in the shapes that people and programs write them in, with what stands around.

The shapes come from the formats themselves (ISO, RFC, national authorities, vendors' manuals, how logs, SQL, JSON and
HTTP look), never from the patterns of `packet`: what it misses here it misses elsewhere. Each maker takes a random
number generator and gives (shape, text before, the value, text after).
"""

import base64
import json

from checks import codice_fiscale, cpf, iban, luhn, mod11_10, verhoeff, weighted

LOWER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
UPPER, HEX = LOWER.upper(), "0123456789abcdef"
ALNUM = LOWER + UPPER + DIGITS
SYLLABLES = "ba ce di fo gu ha ke li mo nu pa re si to vu wa xe yo za bri cla dro fle gri sta tru vel mar ton sen dor".split()
TLDS = "com com com net org io de fr co.uk com.br jp it nl pl eu dev app info es se ch com.au ca cloud online test".split()


def of(r, alphabet, count):
    return "".join(r.choices(alphabet, k=count))


def digits(r, count):
    return of(r, DIGITS, count)


def word(r, least=2, most=4):
    return "".join(r.choices(SYLLABLES, k=r.randint(least, most)))


def domain(r):
    return (
        r.choice(["", "", "", "mail.", "eu-1.", "corp."]) + word(r) + r.choice(["", "", "-" + word(r), digits(r, 2)]) + "." + r.choice(TLDS)
    )


def grouped(text, sizes, separator):
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at : at + size])
        at += size
    return separator.join(parts + ([text[at:]] if at < len(text) else []))


def fours(text, separator):
    return separator.join(text[i : i + 4] for i in range(0, len(text), 4))


def around(r, names, value):
    """The value as a field of JSON, a log, SQL, a query, XML, a header, a CSV row or prose."""
    name = r.choice(names)
    snake = name.replace(" ", "_").replace("-", "_")
    camel = "".join(p.capitalize() if i else p for i, p in enumerate(snake.split("_")))
    before, after = r.choice(
        [
            (f'{{"{camel}":"', '","ok":true}'),
            (f'{{"{snake}": "', f'", "n": {r.randint(1, 9)}}}'),
            (f"2026-11-0{r.randint(1, 9)}T10:2{r.randint(0, 9)}:11Z INFO request {snake}=", " status=200"),
            (f"WARN  [worker-{r.randint(1, 9)}] {name}: ", " rejected\n"),
            (f"INSERT INTO orders ({snake}, state) VALUES ('", "', 'open');"),
            (f"SELECT id FROM users WHERE {snake} = '", "' LIMIT 1"),
            (f"<{camel}>", f"</{camel}>"),
            (f"{snake}=", "&page=2"),
            (f"{name}: ", "\r\n"),
            (f"{name.capitalize()} ", ", thanks."),
            (f'{snake}: "', '"\n'),
            (f"{snake.upper()},", ",EUR,12.00"),
            (f"{snake}\t", "\t17\n"),
        ]
    )
    return before, value, after


def bare(r, value):
    """Nothing that helps: between zeros, quotes, brackets, blanks."""
    before, after = r.choice(
        [
            ("\0", "\0"),
            (" ", " "),
            ('"', '"'),
            ("(", ")"),
            ("<", ">"),
            ("'", "'"),
            (" ", ", "),
            ("\n", "\n"),
            ("[", "]"),
            ("=", ";"),
            (";", ";"),
            ("\t", "\t"),
            (": ", "\0"),
        ]
    )
    return before, value, after


def either(r, names, value, share=0.5):
    return bare(r, value) if r.random() < share else around(r, names, value)


def email(r):
    first, last = word(r), word(r)
    shape, local = r.choice(
        [
            ("plain", first + last),
            ("dots", f"{first}.{last}"),
            ("tag", f"{first}+{word(r)}"),
            ("initial", f"{first[0]}.{last}"),
            ("digits", first + digits(r, r.randint(1, 4))),
            ("underscore", f"{first}_{last}"),
            ("dash", f"{first}-{last}"),
            ("upper", f"{first.capitalize()}.{last.capitalize()}"),
            ("shout", first.upper()),
            ("short", first[0] + last[:2]),
        ]
    )
    host = domain(r)
    value = f"{local}@{host.upper() if shape == 'shout' else host}"
    names = ["email", "e-mail", "user", "to", "From", "contact", "recipient", "login", "mail address"]
    if r.random() < 0.15:
        return ("display", f"To: {first.capitalize()} {last.capitalize()} <", value, ">\r\n")
    if r.random() < 0.1:
        return ("mailto", '<a href="mailto:', value, '">write</a>')
    return (shape, *either(r, names, value))


PHONES = [
    ("us-paren", "({a}) {b}-{c}"),
    ("us-dash", "{a}-{b}-{c}"),
    ("us-dots", "{a}.{b}.{c}"),
    ("us-plus", "+1 {a} {b} {c}"),
    ("us-plus-dash", "+1-{a}-{b}-{c}"),
    ("us-plus-paren", "+1 ({a}) {b}-{c}"),
    ("us-e164", "+1{a}{b}{c}"),
    ("us-one", "1-{a}-{b}-{c}"),
]
ABROAD = [
    ("uk-plus", "+44 20 7### ####"),
    ("uk-mobile", "07### ######"),
    ("uk-e164", "+447#########"),
    ("uk-zero", "+44 (0)20 7### ####"),
    ("uk-london", "020 7### ####"),
    ("de-plus", "+49 30 ########"),
    ("de-mobile", "+49 151 ########"),
    ("de-slash", "030/########"),
    ("de-dash", "0171-#######"),
    ("de-e164", "+4915#########"),
    ("de-00", "0049 30 ########"),
    ("fr-plus", "+33 6 ## ## ## ##"),
    ("fr-pairs", "06 ## ## ## ##"),
    ("fr-dots", "01.4#.##.##.##"),
    ("fr-e164", "+336########"),
    ("es", "+34 6## ### ###"),
    ("it", "+39 3## ### ####"),
    ("nl", "+31 6 ########"),
    ("ch", "+41 79 ### ## ##"),
    ("se", "+46 70-### ## ##"),
    ("pl", "+48 5## ### ###"),
    ("jp", "+81 90-####-####"),
    ("jp-national", "090-####-####"),
    ("in", "+91 98### #####"),
    ("in-e164", "+9198########"),
    ("br", "+55 11 9####-####"),
    ("br-national", "(11) 9####-####"),
    ("au", "+61 4## ### ###"),
    ("au-mobile", "04## ### ###"),
    ("cn", "+86 138 #### ####"),
    ("kr", "010-####-####"),
    ("mx", "+52 55 #### ####"),
    ("za", "+27 82 ### ####"),
    ("tr", "+90 532 ### ## ##"),
    ("il", "+972 54-###-####"),
    ("ae", "+971 50 ### ####"),
    ("ie", "+353 87 ### ####"),
    ("at", "+43 664 #######"),
    ("sg", "+65 9### ####"),
]
PHONE_NAMES = ["phone", "tel", "mobile", "phone number", "telephone", "cell", "contact phone", "Tel.", "fax", "msisdn", "callback"]


def phone(r):
    if r.random() < 0.4:
        shape, pattern = r.choice(PHONES)
        area = r.choice("202 212 303 312 404 415 503 512 617 702 713 808 917 206 305".split())
        value = pattern.format(a=area, b=f"{r.randint(2, 9)}{r.choice('023456789')}{r.randint(0, 9)}", c=digits(r, 4))
    else:
        shape, pattern = r.choice(ABROAD)
        value = "".join(r.choice(DIGITS) if c == "#" else c for c in pattern)
    if r.random() < 0.1:
        return ("us-context-only", *around(r, PHONE_NAMES, "202" + str(r.randint(2, 9)) + digits(r, 6)))
    if r.random() < 0.05:
        return ("tel-uri", '<a href="tel:', f"+1202555{digits(r, 4)}", '">')
    # A national form by itself may be anything; with a country code it is a number to call.
    return (shape, *either(r, PHONE_NAMES, value, 0.5 if value.startswith("+") else 0.1 if shape.startswith("us-") else 0))


CARDS = [
    ("visa", "4", 16),
    ("visa-19", "4", 19),
    ("visa-13", "4", 13),
    ("mastercard", "5[1-5]", 16),
    ("mastercard-2", "2221-2720", 16),
    ("amex", "34|37", 15),
    ("discover", "6011|65", 16),
    ("diners", "36|38", 14),
    ("jcb", "3528-3589", 16),
    ("unionpay", "62", 16),
    ("unionpay-19", "62", 19),
    ("maestro", "5018|6759|6304", 16),
    ("maestro-12", "5018|6761", 12),
    ("mir", "2200-2204", 16),
    ("troy", "9792", 16),
    ("rupay", "6521|6522", 16),
    ("elo", "636368|504175", 16),
]


def prefix(r, spec):
    if "[" in spec:
        return "5" + str(r.randint(1, 5))
    if "-" in spec:
        return str(r.randint(*map(int, spec.split("-"))))
    return r.choice(spec.split("|"))


def card(r):
    brand, spec, length = r.choice(CARDS[:1] * 4 + CARDS[3:4] * 4 + CARDS)
    body = prefix(r, spec)
    body += digits(r, length - 1 - len(body))
    number = body + luhn(body)
    written = r.choice(["", "", "", " ", "-"])
    if written:
        number = grouped(number, [4, 6], written) if length in (14, 15) else fours(number, written)
    names = ["card", "card number", "pan", "cc", "credit card", "ccnum", "payment card"]
    if r.random() < 0.08:
        return ("track2", ";", number.replace(" ", "").replace("-", ""), f"=29{r.randint(10, 12)}101{digits(r, 8)}?")
    # Twelve and thirteen digits by themselves are a number like any other.
    share = 0.0 if length < 14 else 0.4
    return (f"{brand}{'-spaced' if written == ' ' else '-dashed' if written else ''}", *either(r, names, number, share))


IBANS = {
    "DE": "n18",
    "GB": "a4n14",
    "FR": "n10c11n2",
    "NL": "a4n10",
    "ES": "n20",
    "IT": "a1n10c12",
    "BE": "n12",
    "CH": "n5c12",
    "AT": "n16",
    "PL": "n24",
    "SE": "n20",
    "NO": "n11",
    "DK": "n14",
    "FI": "n14",
    "IE": "a4n14",
    "PT": "n21",
    "CZ": "n20",
    "SA": "n2c18",
    "TR": "n5n1c16",
    "BR": "n23a1c1",
    "AE": "n3n16",
    "GR": "n7c16",
    "LU": "n3c13",
    "MT": "a4n5c18",
    "LI": "n5c12",
    "UA": "n6c19",
    "RO": "a4c16",
    "HU": "n24",
}


def iban_value(r):
    country = r.choice(list(IBANS))
    bban, spec = "", IBANS[country]
    while spec:
        kind, count = spec[0], int("".join(c for c in spec[1:3] if c.isdigit()))
        spec = spec[1 + len(str(count)) :]
        bban += of(r, {"n": DIGITS, "a": UPPER, "c": UPPER + DIGITS}[kind], count)
    value = iban(country, bban)
    spaced = r.random() < 0.4
    lower = not spaced and r.random() < 0.05
    value = fours(value, " ") if spaced else value.lower() if lower else value
    return (
        f"{country}{'-spaced' if spaced else '-lower' if lower else ''}",
        *either(r, ["iban", "account", "bank account", "debtor", "Kontonummer", "beneficiary iban"], value),
    )


def ssn(r):
    area = r.choice([n for n in range(1, 900) if n != 666])
    parts = f"{area:03d}", f"{r.randint(1, 99):02d}", f"{r.randint(1, 9999):04d}"
    names = ["ssn", "social security number", "SSN", "tax id", "social", "taxpayer ssn"]
    shape = r.choice(["dashes"] * 6 + ["blanks", "none", "none"])
    joined = {"dashes": "-", "blanks": " ", "none": ""}[shape].join(parts)
    return (shape, *(either(r, names, joined, 0.4) if shape == "dashes" else around(r, names[:3], joined)))


def national(r):
    shape, names, value = r.choice(NATIONAL)(r)
    return (shape, *around(r, names, value))


def br_cpf(r):
    number = cpf(digits(r, 9))
    return r.choice([("br-cpf", f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"), ("br-cpf-plain", number)])


def es_dni(r):
    n = r.randint(10_000_000, 99_999_999)
    return ("es-dni", f"{n}{'TRWAGMYFPDXBNJZSQVHLCKE'[n % 23]}")


def es_nie(r):
    lead, n = r.randint(0, 2), r.randint(0, 9_999_999)
    return ("es-nie", f"{'XYZ'[lead]}{n:07d}{'TRWAGMYFPDXBNJZSQVHLCKE'[(lead * 10**7 + n) % 23]}")


def nl_bsn(r):
    while True:
        body = str(r.randint(1, 9)) + digits(r, 7)
        last = weighted(body, range(9, 1, -1), 11)
        if last < 10:
            return ("nl-bsn", body + str(last))


def pl_pesel(r):
    body = f"{r.randint(50, 99)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{digits(r, 4)}"
    return ("pl-pesel", body + str(-weighted(body, [1, 3, 7, 9] * 3, 10) % 10))


def fr_nir(r):
    body = f"{r.randint(1, 2)}{r.randint(30, 99)}{r.randint(1, 12):02d}{r.randint(1, 95):02d}{r.randint(1, 990):03d}{r.randint(1, 999):03d}"
    key = f"{97 - int(body) % 97:02d}"
    return r.choice([("fr-nir", body + key), ("fr-nir-spaced", grouped(body, [1, 2, 2, 2, 3, 3], " ") + " " + key)])


def it_fiscal(r):
    body = (
        of(r, "BCDFGLMNPRSTV", 6)
        + f"{r.randint(30, 99)}{r.choice('ABCDEHLMPRST')}{r.randint(1, 28):02d}{r.choice('ABCDEFGHIL')}{r.randint(100, 999)}"
    )
    return ("it-codice-fiscale", codice_fiscale(body))


def uk_nino(r):
    value = r.choice("ABCEGHJKLMNPRSTWXY") + r.choice("ABCEGHJKLMPRSTWXYZ") + digits(r, 6) + r.choice("ABCD")
    if value[:2] in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
        value = "AB" + value[2:]
    return r.choice([("uk-nino", value), ("uk-nino-spaced", grouped(value, [2, 2, 2, 2, 1], " "))])


def uk_nhs(r):
    while True:
        body = digits(r, 9)
        last = -weighted(body, range(10, 1, -1), 11) % 11
        if last < 10:
            return r.choice([("uk-nhs", body + str(last)), ("uk-nhs-spaced", grouped(body + str(last), [3, 3, 4], " "))])


def de_tax(r):
    while True:
        body = str(r.randint(1, 9)) + digits(r, 9)
        counts = sorted(body.count(c) for c in set(body))
        if len(counts) == 9 and counts[-1] == 2:
            return ("de-steuer-id", body + mod11_10(body))


def se_person(r):
    body = f"{r.randint(30, 99)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(1, 999):03d}"
    number = body + luhn(body)
    return r.choice([("se-personnummer", f"{number[:6]}-{number[6:]}"), ("se-personnummer-long", f"19{number[:6]}-{number[6:]}")])


def fi_hetu(r):
    body = f"{r.randint(1, 28):02d}{r.randint(1, 12):02d}{r.randint(30, 99)}", f"{r.randint(2, 899):03d}"
    return ("fi-hetu", f"{body[0]}-{body[1]}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(''.join(body)) % 31]}")


def in_aadhaar(r):
    body = str(r.randint(2, 9)) + digits(r, 10)
    return r.choice([("in-aadhaar", body + verhoeff(body)), ("in-aadhaar-spaced", fours(body + verhoeff(body), " "))])


def ca_sin(r):
    body = str(r.choice([1, 2, 3, 4, 5, 6, 7, 9])) + digits(r, 7)
    number = body + luhn(body)
    return r.choice(
        [("ca-sin", number), ("ca-sin-spaced", grouped(number, [3, 3, 3], " ")), ("ca-sin-dashed", grouped(number, [3, 3, 3], "-"))]
    )


def cn_resident(r):
    body = f"{r.choice([110101, 310104, 440305, 510107])}{r.randint(1950, 2005)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{digits(r, 3)}"
    return ("cn-resident", body + "10X98765432"[weighted(body, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], 11)])


def be_national(r):
    body = f"{r.randint(30, 99)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(1, 997):03d}"
    check = f"{97 - int(body) % 97:02d}"
    return r.choice(
        [("be-rijksregister", f"{body[:2]}.{body[2:4]}.{body[4:6]}-{body[6:]}.{check}"), ("be-rijksregister-plain", body + check)]
    )


def au_tfn(r):
    while True:
        body = digits(r, 9)
        if body[0] != "0" and weighted(body, [1, 4, 3, 7, 5, 8, 6, 9, 10], 11) == 0:
            return r.choice([("au-tfn", body), ("au-tfn-spaced", grouped(body, [3, 3, 3], " "))])


def named(maker, names):
    def make(r):
        shape, value = maker(r)
        return shape, names, value

    return make


NATIONAL = [
    named(*pair)
    for pair in [
        (br_cpf, ["cpf", "CPF do titular"]),
        (es_dni, ["dni", "DNI", "nif"]),
        (es_nie, ["nie", "NIE"]),
        (nl_bsn, ["bsn", "burgerservicenummer"]),
        (pl_pesel, ["pesel", "PESEL"]),
        (fr_nir, ["nir", "numero de securite sociale", "insee"]),
        (it_fiscal, ["codice fiscale", "cf"]),
        (uk_nino, ["nino", "national insurance number", "ni number"]),
        (uk_nhs, ["nhs number", "NHS no", "nhs"]),
        (de_tax, ["steuer id", "steueridentifikationsnummer", "idnr", "tax id"]),
        (se_person, ["personnummer", "pnr"]),
        (fi_hetu, ["hetu", "henkilotunnus"]),
        (in_aadhaar, ["aadhaar", "aadhaar number", "uid"]),
        (ca_sin, ["sin", "social insurance number"]),
        (cn_resident, ["id card", "resident id", "sfz"]),
        (be_national, ["rijksregisternummer", "national number", "nrn"]),
        (au_tfn, ["tfn", "tax file number"]),
    ]
]
