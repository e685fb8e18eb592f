"""What looks like an identifier and is none: failed checksums, reserved ranges, versions, times, symbols, empty and
masked fields. Each maker gives (kind, text before, what must not be reported, text after)."""

import uuid as uuids

from checks import iban, luhn
from identifiers import ALNUM, DIGITS, HEX, UPPER, around, bare, digits, either, fours, grouped, of, word


def card_checksum(r):
    body = r.choice(["4", "51", "55", "6011", "2221"])
    body += digits(r, 15 - len(body))
    wrong = str((int(luhn(body)) + r.randint(1, 9)) % 10)
    number = r.choice([str, lambda n: fours(n, " "), lambda n: fours(n, "-")])(body + wrong)
    return ("card: failed checksum", *either(r, ["order number", "tracking", "reference", "card"], number))


def card_range(r):
    body = r.choice("0178") + digits(r, 14)
    while body.startswith("81"):
        body = "1" + digits(r, 14)
    return ("card: unassigned range", *either(r, ["order", "invoice", "reference"], body + luhn(body)))


def card_in_digits(r):
    body = "4" + digits(r, 14)
    return ("card: inside a longer number", *bare(r, digits(r, 9) + body + luhn(body) + digits(r, 12)))


def iban_checksum(r):
    good = iban("DE", digits(r, 18))
    wrong = f"DE{(int(good[2:4]) + r.randint(1, 80)) % 97 + 2:02d}{good[4:]}"
    return (
        iban_checksum(r)
        if wrong == good or int("".join(str(int(c, 36)) for c in wrong[4:] + wrong[:4])) % 97 == 1
        else ("iban: failed checksum", *bare(r, wrong))
    )


def iban_country(r):
    return ("iban: no such country", *bare(r, iban(r.choice(["XX", "QQ", "ZY", "AA"]), of(r, UPPER, 4) + digits(r, 14))))


def ssn_reserved(r):
    value = r.choice(
        [
            lambda: f"{r.choice(['000', '666', str(r.randint(900, 999))])}-{r.randint(1, 99):02d}-{digits(r, 3)}1",
            lambda: f"{r.randint(100, 600)}-00-{digits(r, 3)}1",
            lambda: f"{r.randint(100, 600)}-{r.randint(10, 99)}-0000",
        ]
    )()
    return ("ssn: reserved range", *bare(r, value))


def ipv4_version(r):
    version = f"{r.randint(1, 20)}.{r.randint(0, 20)}.{r.randint(0, 99)}.{r.randint(0, 20)}"
    before, after = r.choice(
        [
            ("version ", ""),
            ("Version: ", "\n"),
            ("v", " "),
            ("libcrypto.so.", "\0"),
            ("FileVersion=", "\0"),
            ("Chrome/", " Safari/537.36"),
            ("app-", ".tar.gz"),
            ('AssemblyVersion("', '")'),
            ("ProductVersion\0", "\0"),
            ("build ", " ready"),
            ("firmware=", ";"),
            ("release ", ","),
        ]
    )
    return ("ipv4: version number", before, version, after)


def ipv4_reserved(r):
    value = r.choice(
        [
            "0.0.0.0",
            "127.0.0.1",
            "255.255.255.0",
            "255.255.255.255",
            f"{r.randint(225, 255)}.{r.randint(0, 255)}.1.1",
            "224.0.0.1",
            "0.1.2.3",
        ]
    )
    return ("ipv4: reserved range", *bare(r, value))


def ipv4_oid(r):
    return (
        "ipv4: object id",
        r.choice(["OID ", "", '"']),
        f"1.3.6.1.4.1.{r.randint(1, 60000)}.{r.randint(1, 30)}",
        r.choice([" ", '"', "\0"]),
    )


def ipv4_octet(r):
    return ("ipv4: octet too large", *bare(r, f"{r.randint(256, 999)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(0, 255)}"))


def ipv6_not(r):
    return (
        "ipv6: none",
        *bare(
            r,
            r.choice(
                [
                    "::1",
                    "::",
                    "std::vector",
                    "dead::beef::1",
                    f"1{r.randint(0, 2)}:{r.randint(10, 59)}:{r.randint(10, 59)}",
                    "Foo::Bar::baz",
                    "ad::bad::cafe()",
                    "a::b",
                    f"{r.randint(1, 9)}:{r.randint(10, 59)}",
                ]
            ),
        ),
    )


def mac_not(r):
    octets = lambda n: ":".join(of(r, HEX, 2) for _ in range(n))
    return (
        "mac: none",
        *bare(r, r.choice(["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", octets(16), octets(20), octets(32)])),
    )


def jwt_not(r):
    return (
        "jwt: header does not decode",
        *bare(r, r.choice([f"eyJ{of(r, ALNUM, 20)}", "eyJ" + "a" * 33 + "." + of(r, ALNUM, 30), f"eyJhbGciOi.{of(r, ALNUM, 9)}"])),
    )


def uuid_not(r):
    return (
        "uuid: nil, ones or too long",
        *bare(
            r,
            r.choice(
                [
                    str(uuids.UUID(int=0)),
                    "ffffffff-ffff-ffff-ffff-ffffffffffff",
                    f"{of(r, HEX, 8)}-{of(r, HEX, 4)}-{of(r, HEX, 4)}-{of(r, HEX, 3)}",
                    of(r, HEX, 12) + "-" + "-".join(of(r, HEX, 4) for _ in range(5)),
                ]
            ),
        ),
    )


def email_not(r):
    return (
        "email: symbol or file",
        *bare(
            r,
            r.choice(
                [
                    "memcpy@@GLIBC_2.14",
                    "pthread_create@GLIBC_2.34",
                    f"{word(r)}@plt",
                    f"icon_{word(r)}@2x.png",
                    f"{word(r)}@{r.randint(1, 9)}.{r.randint(0, 9)}.{r.randint(0, 9)}",
                    "@Override",
                    f"a@{word(r)}",
                    f"{word(r)}@localhost",
                    "_ZNSt6vectorIiE@@Base",
                    f"logo@3x.jpg",
                    f"npm:{word(r)}@^1.2",
                    f"{word(r)}@@VERS_1.0",
                ]
            ),
        ),
    )


def phone_not(r):
    return (
        "phone: time, date, number or address",
        *bare(
            r,
            r.choice(
                [
                    f"2026-11-{r.randint(10, 28)} 10:{r.randint(10, 59)}:{r.randint(10, 59)}",
                    f"2026{r.randint(1, 12):02d}{r.randint(10, 28)}T{digits(r, 6)}",
                    str(r.randint(10**9, 2 * 10**9)),
                    f"17{digits(r, 11)}",
                    f"17{digits(r, 17)}",
                    f"0x{of(r, HEX, 12)}",
                    f"978-{r.randint(0, 9)}-{digits(r, 4)}-{digits(r, 4)}-{r.randint(0, 9)}",
                    f"{digits(r, 3)}.{digits(r, 6)}",
                    f"{r.randint(100, 999)},{digits(r, 3)},{digits(r, 3)}",
                    f"{digits(r, 5)}-{digits(r, 5)}",
                    f"{digits(r, 4)}-{digits(r, 2)}-{digits(r, 2)}",
                ]
            ),
        ),
    )


def key_not(r):
    return (
        "key: too short or placeholder",
        *r.choice(
            [
                bare(r, "AKIA" + of(r, UPPER, 11)),
                bare(r, "AKIA" + of(r, ALNUM.lower(), 16).lower()),
                bare(r, "sk_live_" + of(r, ALNUM, 5)),
                bare(r, "ghp_" + of(r, ALNUM, 12)),
                bare(r, "AIza" + of(r, ALNUM, 12)),
                (
                    "api_key=",
                    r.choice(
                        [
                            "YOUR_API_KEY",
                            "<your-api-key>",
                            "${API_KEY}",
                            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                            "********************************",
                            "null",
                            "",
                        ]
                    )
                    + " ",
                    "\n",
                ),
                bare(r, of(r, HEX, 40)),
                bare(r, of(r, HEX, 64)),
            ]
        ),
    )


def session_not(r):
    return (
        "session or cookie: empty or masked",
        r.choice(
            [
                "session_id=",
                "Cookie: session=",
                '"sessionToken":"',
                "JSESSIONID=",
                "access_token=",
                "Set-Cookie: id=",
                "Authorization: Bearer ",
            ]
        ),
        r.choice(
            ["null", "[REDACTED]", "[FILTERED]", "********", "<redacted>", "undefined", "none", "XXXXXXXXXXXXXXXX", "{{token}}", "%s"]
        ),
        r.choice(["\r\n", ";\0", '"\n']),
    )


def secret_not(r):
    return (
        "secret: empty, masked or a variable",
        r.choice(["\0DB_PASSWORD=", "\nSECRET_KEY=", "\0API_TOKEN=", "\0CLIENT_SECRET="]),
        r.choice(["", "********", "[REDACTED]", "${DB_PASSWORD}", "$SECRET", "<password>", "XXXXXXXXXXXX", "null"]) + "\0",
        "\0",
    )


def path_not(r):
    return (
        "path: no user",
        *bare(
            r,
            r.choice(
                [
                    f"/usr/lib/{word(r)}/{word(r)}.so",
                    "C:\\Windows\\System32\\kernel32.dll",
                    f"/Users/Shared/{word(r)}",
                    f"C:\\Program Files\\{word(r)}\\a.dll",
                    f"/var/log/{word(r)}.log",
                    f"C:\\Users\\Public\\{word(r)}.lnk",
                    f"/proc/self/maps",
                    "/home/",
                ]
            ),
        ),
    )


def url_not(r):
    return (
        "url: no query",
        *bare(
            r,
            r.choice(
                [
                    "http://www.w3.org/2001/XMLSchema-instance",
                    f"https://{word(r)}.org/docs/{word(r)}",
                    f"https://{word(r)}.io/",
                    f"https://{word(r)}.com/a#top",
                    "http://schemas.xmlsoap.org/soap/envelope/",
                ]
            ),
        ),
    )


def gps_not(r):
    return (
        "gps: numbers",
        *bare(
            r,
            r.choice(
                [
                    f"{r.random():.3f}, {r.random():.2f}",
                    f"lat={r.randint(1, 900)}ms",
                    f"{r.uniform(200, 900):.5f}, {r.uniform(200, 900):.5f}",
                    f"v={r.uniform(0, 9):.2f},{r.uniform(0, 9):.2f}",
                    f"({r.randint(0, 90)}, {r.randint(0, 90)})",
                ]
            ),
        ),
    )


def ids_not(r):
    return (
        "customer or account: empty or a count",
        r.choice(
            [
                ("customer_id=", "null"),
                ("account_id: ", "0"),
                ("customer_count=", digits(r, 6)),
                ('customerId":', "null"),
                ("accounts: ", digits(r, 3)),
                ("account_id=", "NULL"),
                ("customers_total=", digits(r, 7)),
            ]
        )[0],
        r.choice(["null", "0", "none", "undefined", "[REDACTED]"]),
        r.choice([" ", "\n", ","]),
    )


def national_not(r):
    value, name = r.choice(
        [
            (f"{digits(r, 3)}.{digits(r, 3)}.{digits(r, 3)}-", "cpf"),
            (f"{digits(r, 8)}", "dni"),
            (digits(r, 10), "bsn"),
            ("QQ" + digits(r, 6) + "C", "nino"),
        ]
    )
    if name == "cpf":
        from checks import cpf

        body = value[:-1].replace(".", "")
        value += f"{(int(cpf(body)[9:]) + r.randint(1, 98)) % 100:02d}"
    elif name == "dni":
        value += "TRWAGMYFPDXBNJZSQVHLCKE"[(int(value) + r.randint(1, 22)) % 23]
    elif name == "bsn":
        value = "0" + value[:9] + "00"
    return ("national id: failed check", *either(r, [name], value))


def time_not(r):
    return (
        "timestamp",
        *bare(
            r,
            r.choice(
                [
                    f"2026-11-25T22:{r.randint(10, 59)}:{r.randint(10, 59)}.{digits(r, 6)}Z",
                    f"{r.randint(1, 28)}/Nov/2026:10:11:12 +0000",
                    f"Wed, {r.randint(10, 28)} Nov 2026 10:11:12 GMT",
                    f"17{digits(r, 8)}.{digits(r, 6)}",
                    f"17{digits(r, 11)}",
                    f"17{digits(r, 14)}",
                    f"17{digits(r, 17)}",
                    f"20261125{digits(r, 6)}",
                ]
            ),
        ),
    )


MAKERS = [
    card_checksum,
    card_checksum,
    card_range,
    card_in_digits,
    iban_checksum,
    iban_country,
    ssn_reserved,
    ipv4_version,
    ipv4_version,
    ipv4_reserved,
    ipv4_oid,
    ipv4_octet,
    ipv6_not,
    mac_not,
    jwt_not,
    uuid_not,
    email_not,
    email_not,
    phone_not,
    phone_not,
    key_not,
    session_not,
    secret_not,
    path_not,
    url_not,
    gps_not,
    ids_not,
    national_not,
    time_not,
    time_not,
]
