"""Invented identifiers that machines make: addresses, tokens, keys, paths, places, numbers of customers. See identifiers.py."""

import base64
import json
import uuid as uuids

from checks import luhn
from identifiers import (
    ALNUM,
    DIGITS,
    HEX,
    LOWER,
    UPPER,
    around,
    bare,
    card,
    digits,
    domain,
    either,
    email,
    iban_value,
    national,
    of,
    phone,
    ssn,
    word,
)


def ipv4(r):
    first = r.choice([n for n in range(1, 224) if n not in (0, 10, 127)])
    value = f"{first}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}"
    names = ["ip", "client ip", "remote addr", "source", "peer", "X-Forwarded-For", "host"]
    if r.random() < 0.15:
        return ("port", "connect to ", value, f":{r.randint(1024, 65535)} failed")
    if r.random() < 0.1:
        return ("access-log", "", value, ' - - [09/Nov/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 17')
    return ("plain", *either(r, names, value))


def ipv6(r):
    group = lambda: f"{r.randint(1, 65535):x}"
    first = r.choice(["2a00", "2a02", "2001", "2600", "2607", "fd12", "fe80"])
    shape = r.choice(["full", "compressed", "compressed", "upper", "zone", "bracket", "leading-zeros", "mapped"])
    if shape in ("full", "upper"):
        value = ":".join([first] + [group() for _ in range(7)])
    elif shape == "leading-zeros":
        value = ":".join([first] + [f"{r.randint(0, 65535):04x}" for _ in range(7)])
    elif shape == "mapped":
        value = f"::ffff:{r.randint(11, 126)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}"
    else:
        value = f"{first}:{':'.join(group() for _ in range(r.randint(1, 3)))}::{':'.join(group() for _ in range(r.randint(1, 3)))}"
    value = value.upper() if shape == "upper" else value
    if shape == "zone":
        return (shape, "addr ", f"fe80::{group()}:{group()}:{group()}", "%eth0 scope link")
    if shape == "bracket":
        return (shape, "https://[", value, "]:8443/")
    return (shape, *either(r, ["ip", "client ip", "addr", "remote", "inet6"], value))


def mac(r):
    octets = [f"{r.randint(0, 127) * 2:02x}"] + [f"{r.randint(0, 255):02x}" for _ in range(5)]
    shape = r.choice(["colon", "colon", "dash", "upper", "upper-dash", "cisco"])
    value = {
        "colon": ":".join(octets),
        "dash": "-".join(octets),
        "upper": ":".join(octets).upper(),
        "upper-dash": "-".join(octets).upper(),
        "cisco": ".".join("".join(octets[i : i + 2]) for i in (0, 2, 4)),
    }[shape]
    return (shape, *either(r, ["mac", "hwaddr", "ether", "bssid", "mac address", "device mac"], value, 0.0 if shape == "cisco" else 0.5))


def b64url(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def jwt(r):
    alg = r.choice([("HS256", 32), ("RS256", 256), ("ES256", 64), ("EdDSA", 64)])
    header = r.choice(
        [
            {"alg": alg[0], "typ": "JWT"},
            {"typ": "JWT", "alg": alg[0]},
            {"alg": alg[0], "kid": of(r, HEX, 16)},
            {"kid": word(r), "alg": alg[0], "typ": "at+jwt"},
        ]
    )
    claims = {"sub": digits(r, 10), "iat": r.randint(17 * 10**8, 18 * 10**8), "name": word(r), "scope": "orders:read"}
    compact = lambda value: json.dumps(value, separators=r.choice([(",", ":"), (", ", ": ")])).encode()
    value = f"{b64url(compact(header))}.{b64url(compact(claims))}.{b64url(r.randbytes(alg[1]))}"
    if r.random() < 0.4:
        return (alg[0] + "-bearer", "Authorization: Bearer ", value, "\r\n")
    return (alg[0], *either(r, ["token", "id token", "jwt", "access token", "assertion"], value))


def cloud_key(r):
    b64 = lambda n: base64.b64encode(r.randbytes(n)).decode()
    base32 = UPPER + "234567"
    shape, value, context = r.choice(
        [
            ("aws-id", "AKIA" + of(r, base32, 16), None),
            ("aws-temporary-id", "ASIA" + of(r, base32, 16), None),
            ("aws-secret", b64(30), ("aws_secret_access_key = ", "\n")),
            ("aws-secret-env", b64(30), ("AWS_SECRET_ACCESS_KEY=", "\0")),
            ("aws-secret-json", b64(30), ('"SecretAccessKey": "', '"')),
            ("gcp-api", "AIza" + of(r, ALNUM + "-_", 35), None),
            ("gcp-oauth", "ya29." + of(r, ALNUM + "-_", 68), None),
            (
                "azure-storage",
                b64(64),
                ("DefaultEndpointsProtocol=https;AccountName=" + word(r) + ";AccountKey=", ";EndpointSuffix=core.windows.net"),
            ),
            (
                "azure-sas",
                b64(32).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
                ("?sv=2022-11-02&ss=b&srt=o&sp=r&se=2026-12-01&sig=", " "),
            ),
            ("digitalocean", "dop_v1_" + of(r, HEX, 64), None),
            ("alibaba", "LTAI" + of(r, ALNUM, 20), None),
            ("gcp-client-secret", "GOCSPX-" + of(r, ALNUM + "-_", 28), None),
        ]
    )
    if context:
        return (shape, context[0], value, context[1])
    return (shape, *either(r, ["key", "access key", "credential", "access key id"], value))


def api_key(r):
    shape, value, strong = r.choice(
        [
            ("stripe", "sk_live_" + of(r, ALNUM, r.choice([24, 99])), True),
            ("stripe-restricted", "rk_live_" + of(r, ALNUM, 24), True),
            ("stripe-test", "sk_test_" + of(r, ALNUM, 24), True),
            ("github", "ghp_" + of(r, ALNUM, 36), True),
            ("github-oauth", "gho_" + of(r, ALNUM, 36), True),
            ("github-fine", "github_pat_" + of(r, ALNUM, 22) + "_" + of(r, ALNUM, 59), True),
            ("gitlab", "glpat-" + of(r, ALNUM + "-_", 19) + r.choice(ALNUM), True),
            ("slack-bot", f"xoxb-{digits(r, 12)}-{digits(r, 13)}-{of(r, ALNUM, 24)}", True),
            ("slack-user", f"xoxp-{digits(r, 12)}-{digits(r, 12)}-{digits(r, 13)}-{of(r, HEX, 32)}", True),
            ("sendgrid", f"SG.{of(r, ALNUM, 22)}.{of(r, ALNUM, 43)}", True),
            ("twilio", "SK" + of(r, HEX, 32), False),
            ("npm", "npm_" + of(r, ALNUM, 36), True),
            ("openai", "sk-" + of(r, ALNUM, 48), True),
            ("openai-project", "sk-proj-" + of(r, ALNUM + "-_", 79) + "A", True),
            ("mailgun", "key-" + of(r, HEX, 32), False),
            ("huggingface", "hf_" + of(r, LOWER + UPPER, 34), True),
            ("pypi", "pypi-AgEIcHlwaS5vcmc" + of(r, ALNUM + "-_", 120) + "A", True),
            ("shopify", "shpat_" + of(r, HEX, 32), True),
            ("telegram", f"{digits(r, 9)}:AA{of(r, ALNUM + '-_', 32)}x", False),
            ("anthropic", "sk-ant-api03-" + of(r, ALNUM + "-_", 92) + "AA", True),
            ("generic-hex", of(r, HEX, 32), False),
            ("generic", of(r, ALNUM, 40), False),
        ]
    )
    names = ["api key", "apikey", "X-Api-Key", "api token", "api secret"]
    return (shape, *(either(r, names, value) if strong else around(r, names, value)))


def session_token(r):
    shape, before, value, after = r.choice(
        [
            ("jsessionid", "JSESSIONID=", of(r, HEX, 32).upper(), ";"),
            ("phpsessid", "PHPSESSID=", of(r, LOWER + DIGITS, 26), "; path=/"),
            ("aspnet", "ASP.NET_SessionId=", of(r, LOWER + DIGITS, 24), ";"),
            ("connect-sid", "connect.sid=", f"s%3A{of(r, ALNUM + '-_', 32)}.{of(r, ALNUM, 43)}", ";"),
            ("session-id", "session_id=", of(r, HEX, r.choice([32, 40, 64])), "&x=1"),
            ("json", '"sessionToken":"', of(r, ALNUM + "-_", 43), '"'),
            ("json-id", '"sessionId": "', of(r, ALNUM, 24), '",'),
            ("bearer", "Authorization: Bearer ", of(r, ALNUM + "-_.", 47) + "a", "\r\n"),
            ("access-token", "access_token=", of(r, ALNUM, 40), "&token_type=bearer"),
            ("refresh-token", '"refresh_token":"', of(r, ALNUM + "-_", 63) + "a", '"'),
            ("header", "X-Session-Token: ", of(r, ALNUM, 32), "\r\n"),
            ("auth-token", "auth_token=", of(r, HEX, 40), " "),
            ("sid", "sid=", of(r, ALNUM, 28), "; "),
            ("laravel", "laravel_session=", of(r, ALNUM, 40), ";"),
            ("rails", "_app_session=", of(r, ALNUM, 60), ";"),
        ]
    )
    return (shape, r.choice(["", "", " ", "\0", "GET / HTTP/1.1\r\n"]) + before, value, after)


def cookie(r):
    pair = lambda: f"{word(r)}{r.choice(['', '_id', '-uid'])}={of(r, ALNUM, r.randint(8, 32))}"
    shape = r.choice(["request", "request", "response", "response-lower", "script", "json"])
    value = "; ".join(pair() for _ in range(r.randint(1, 4)))
    if shape == "request":
        return (shape, "Host: shop.test\r\n" + r.choice(["Cookie: ", "cookie: "]), value, "\r\n")
    if shape == "script":
        return (shape, 'document.cookie = "', value, '";')
    if shape == "json":
        return (shape, '"Cookie":"', value, '"')
    name = "Set-Cookie: " if shape == "response" else "set-cookie: "
    return (shape, "HTTP/1.1 200 OK\r\n" + name, pair(), "; Path=/; HttpOnly; Secure\r\n")


def uuid(r):
    version = r.choice([4, 4, 4, 1, 7, 5])
    bits = r.getrandbits(128) & ~(0xF << 76) & ~(3 << 62) | version << 76 | 2 << 62
    value = str(uuids.UUID(int=bits))
    shape = r.choice(["plain", "plain", "plain", "upper", "braces", "urn", "undashed"])
    if shape == "undashed":
        return (shape, *around(r, ["uuid", "guid"], value.replace("-", "")))
    if shape == "braces":
        return (shape, "{", value.upper(), "}")
    if shape == "urn":
        return (shape, "<id>urn:uuid:", value, "</id>")
    return (
        shape,
        *either(r, ["id", "request id", "trace", "device", "uuid", "X-Request-Id"], value.upper() if shape == "upper" else value),
    )


def url_query(r):
    parameter = lambda: (
        f"{r.choice(['user', 'uid', 'q', 'email', 'order', 'ref', 'name', 'id', 'lang', 'utm_source', 'redirect'])}={of(r, ALNUM, r.randint(2, 12))}{r.choice(['', '', '%20' + word(r), '+' + word(r)])}"
    )
    query = "&".join(parameter() for _ in range(r.randint(1, 4)))
    path = "/".join(word(r) for _ in range(r.randint(1, 3)))
    scheme = r.choice(["https", "https", "https", "http", "wss"])
    host = domain(r) + r.choice(["", "", ":8443"])
    if r.random() < 0.12:
        return ("request-line", r.choice(["GET ", "POST "]), f"/{path}?{query}", " HTTP/1.1\r\n")
    if r.random() < 0.1:
        return ("upper-host", "Referer: ", f"{scheme.upper()}://{host.upper()}/{path}?{query}", "\r\n")
    return (
        scheme,
        *either(
            r, ["url", "href", "Referer", "redirect", "link", "endpoint"], f"{scheme}://{host}/{path}{r.choice(['', '.html', '/'])}?{query}"
        ),
    )


def user_path(r):
    name, rest = word(r), "/".join(word(r) for _ in range(r.randint(1, 3)))
    back = rest.replace("/", "\\")
    shape, value = r.choice(
        [
            ("home", f"/home/{name}/{rest}.log"),
            ("home", f"/home/{name}/.config/{rest}"),
            ("home-dotted", f"/home/{name}.{word(r)}/{rest}"),
            ("mac", f"/Users/{name}/Library/{rest}"),
            ("mac", f"/Users/{name}/{rest}.txt"),
            ("windows", f"C:\\Users\\{name}\\AppData\\Local\\{back}"),
            ("windows", f"D:\\Users\\{name.capitalize()}\\{back}.dll"),
            ("windows-escaped", f"C:\\\\Users\\\\{name}\\\\Documents\\\\{word(r)}"),
            ("windows-lower", f"c:\\users\\{name}\\{back}"),
            ("windows-slashes", f"C:/Users/{name}/{rest}"),
            ("windows-old", f"C:\\Documents and Settings\\{name}\\{back}"),
            ("file-url", f"file:///home/{name}/{rest}"),
            ("windows-long", f"\\\\?\\C:\\Users\\{name}\\{back}"),
            ("windows-blank", f"C:\\Users\\{name.capitalize()} {word(r).capitalize()}\\{back}"),
        ]
    )
    return (shape, *either(r, ["path", "file", "cwd", "HOME", "source", "module"], value))


def env_secret(r):
    strong = of(r, ALNUM + "!#%*-_", r.randint(10, 30)) + "x"
    shape, before, value = r.choice(
        [
            (
                "password",
                r.choice(["DB_PASSWORD=", "MYSQL_ROOT_PASSWORD=", "PGPASSWORD=", "SMTP_PASS=", "ADMIN_PASSWORD=", "LDAP_BIND_PASSWD="]),
                strong,
            ),
            (
                "secret",
                r.choice(["SECRET_KEY=", "APP_SECRET=", "CLIENT_SECRET=", "SESSION_SECRET=", "JWT_SECRET=", "DJANGO_SECRET_KEY="]),
                of(r, ALNUM, 40),
            ),
            ("token", r.choice(["NPM_TOKEN=", "GITHUB_TOKEN=", "VAULT_TOKEN=", "DEPLOY_TOKEN=", "CI_JOB_TOKEN="]), of(r, ALNUM, 32)),
            ("key", r.choice(["ENCRYPTION_KEY=", "API_KEY=", "STRIPE_KEY=", "PRIVATE_KEY="]), of(r, HEX, 64)),
            ("url", "DATABASE_URL=", f"postgres://{word(r)}:{of(r, ALNUM, 16)}@db.{domain(r)}:5432/app"),
            ("redis", "REDIS_URL=", f"redis://:{of(r, ALNUM, 20)}@{domain(r)}:6379/0"),
            ("amqp", "BROKER_URL=", f"amqp://{word(r)}:{of(r, ALNUM, 12)}@mq.{domain(r)}/"),
            ("lower", r.choice(["db_password=", "password=", "secret_key=", "passwd="]), strong),
            ("export", "export " + r.choice(["TOKEN=", "API_SECRET=", "DB_PASSWORD="]), of(r, ALNUM, 24)),
            ("quoted", r.choice(['PASSWORD="', 'SECRET="']), of(r, ALNUM, 18)),
        ]
    )
    return (
        shape,
        r.choice(["\0", "\n", "\0LANG=C.UTF-8\0"]) + before,
        value,
        ('"' if shape == "quoted" else "") + r.choice(["\0", "\n", "\0PATH=/usr/bin\0"]),
    )


def gps(r):
    lat, lon = r.uniform(-70, 70), r.uniform(-179, 179)
    dms = lambda v, two: f"{int(abs(v))}°{int(abs(v) * 60 % 60):02d}'{abs(v) * 3600 % 60:04.1f}\"{two[v < 0]}"
    n = r.randint(4, 7)
    shape, before, value, after = r.choice(
        [
            ("json", '{"', f'lat":{lat:.{n}f},"lon":{lon:.{n}f}', "}"),
            ("json-long", '{"', f'latitude": {lat:.{n}f}, "longitude": {lon:.{n}f}', "}"),
            ("json-lng", '{"', f'lat": {lat:.{n}f}, "lng": {lon:.{n}f}', "}"),
            ("query", "?", f"lat={lat:.{n}f}&lon={lon:.{n}f}", "&z=1"),
            ("log", "position ", f"lat={lat:.{n}f} lon={lon:.{n}f}", " acc=5"),
            ("pair", "location: ", f"{lat:.{n}f}, {lon:.{n}f}", "\n"),
            ("pair-tight", "gps=", f"{lat:.{n}f},{lon:.{n}f}", ";"),
            ("geo-uri", "", f"geo:{lat:.{n}f},{lon:.{n}f}", " "),
            ("wkt", "", f"POINT({lon:.{n}f} {lat:.{n}f})", " "),
            ("dms", "at ", f"{dms(lat, 'NS')} {dms(lon, 'EW')}", " "),
            ("maps", "https://maps.test/", f"@{lat:.{n}f},{lon:.{n}f},15z", " "),
            ("hemisphere", "pos ", f"{abs(lat):.{n}f} {'NS'[lat < 0]}, {abs(lon):.{n}f} {'EW'[lon < 0]}", "\n"),
            (
                "nmea",
                "",
                f"$GPGGA,{digits(r, 6)}.00,{int(abs(lat)):02d}{abs(lat) * 60 % 60:07.4f},{'NS'[lat < 0]},{int(abs(lon)):03d}{abs(lon) * 60 % 60:07.4f},{'EW'[lon < 0]},1,08,0.9,545.4,M,46.9,M,,*47",
                "\r\n",
            ),
        ]
    )
    return (shape, before, value, after)


def customer_id(r):
    value = r.choice(
        [
            lambda: f"C-{digits(r, 7)}",
            lambda: f"CUST-{digits(r, 8)}",
            lambda: digits(r, r.randint(6, 10)),
            lambda: f"K{digits(r, 8)}",
            lambda: of(r, UPPER + DIGITS, 10) + "7",
        ]
    )()
    names = [
        "customer id",
        "customer number",
        "customer no",
        "customer",
        "cust id",
        "Customer-ID",
        "client id",
        "Kundennummer",
        "member id",
    ]
    if r.random() < 0.2:
        return ("stripe", *either(r, names, "cus_" + of(r, ALNUM, 14)))
    return ("context", *around(r, names[:3] + names[4:7] + ["customer id"] * 4, value))


def account_id(r):
    value = r.choice(
        [
            lambda: digits(r, r.randint(6, 12)),
            lambda: f"ACC-{digits(r, 8)}",
            lambda: f"AC{digits(r, 9)}",
            lambda: f"{digits(r, 4)}-{digits(r, 6)}-1",
        ]
    )()
    if r.random() < 0.15:
        return ("stripe", *either(r, ["account"], "acct_" + of(r, ALNUM, 16)))
    if r.random() < 0.15:
        return ("aws-arn", "arn:aws:iam::", digits(r, 12), f":user/{word(r)}")
    return (
        "context",
        *around(r, ["account id", "account number", "account no", "acct", "account", "accountId", "acct no", "user account id"], value),
    )


def private_key(r):
    label = r.choice(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
    body = base64.b64encode(r.randbytes(r.choice([48, 138, 420]))).decode()
    line = r.choice(["\n", "\r\n", "\\n"])
    lines = line.join(body[i : i + 64] for i in range(0, len(body), 64))
    return (
        label + ("-escaped" if line == "\\n" else ""),
        r.choice(["", '{"key":"', "\0"]),
        f"-----BEGIN {label}-----{line}{lines}{line}-----END {label}-----",
        r.choice(["\n", '"}', "\0"]),
    )


def device_id(r):
    body = r.choice(["35", "86", "01"]) + digits(r, 12)
    shape, names, value = r.choice(
        [
            ("imei", ["imei", "IMEI"], body + luhn(body)),
            ("imei-dashed", ["imei"], f"{body[:2]}-{body[2:8]}-{body[8:14]}-{luhn(body)}"),
            ("android", ["android id", "device id"], of(r, HEX, 16)),
            ("idfa", ["idfa", "advertising id", "idfv", "gaid"], str(uuids.UUID(int=r.getrandbits(128), version=4)).upper()),
            ("serial", ["serial number", "device serial"], of(r, UPPER + DIGITS, 11) + "7"),
        ]
    )
    return (shape, *around(r, names, value))


CLASSES = {
    "email": email,
    "phone": phone,
    "payment-card": card,
    "iban": iban_value,
    "ssn": ssn,
    "national-id": national,
    "ipv4": ipv4,
    "ipv6": ipv6,
    "mac": mac,
    "jwt": jwt,
    "cloud-key": cloud_key,
    "api-key": api_key,
    "session-token": session_token,
    "cookie": cookie,
    "uuid": uuid,
    "url-query": url_query,
    "user-path": user_path,
    "env-secret": env_secret,
    "gps": gps,
    "customer-id": customer_id,
    "account-id": account_id,
    "private-key": private_key,
    "device-id": device_id,
}
