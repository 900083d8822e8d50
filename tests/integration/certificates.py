"""Certificates for the integration tests, made with the openssl command."""

import pathlib
import subprocess

# `openssl ca` alone takes both ends of a certificate's time in every version.
CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = unnamed
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[localhost]
subjectAltName = DNS:localhost, IP:127.0.0.1
[student]
subjectAltName = DNS:student
[ca]
default_ca = store
[store]
database = {folder}/index.txt
rand_serial = yes
unique_subject = no
new_certs_dir = {folder}
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def openssl(*arguments) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")


class Authority:
    """Signs with a key of its own; all its files are in `folder`."""

    def __init__(self, folder: pathlib.Path, name: str):
        folder.mkdir(parents=True)
        self.folder, self.config = folder, folder / "openssl.cnf"
        self.certificate, self.key = folder / "ca.crt", folder / "ca.key"
        self.config.write_text(CONFIG.format(folder=folder))
        (folder / "index.txt").touch()
        openssl("req", "-x509", "-config", self.config, "-extensions", "authority", "-subj",
                f"/CN={name}", "-days", 30, *new_key(self.key), "-out", self.certificate)

    def issue(self, file: str, name: str, begin: str = "", end: str = "") -> dict:
        """A certificate for `name`, a section of CONFIG; its time is as YYYYMMDDHHMMSSZ."""
        certificate, key = self.folder / f"{file}.crt", self.folder / f"{file}.key"
        request = self.folder / f"{file}.csr"
        openssl("req", "-new", "-config", self.config, "-subj", f"/CN={name}", *new_key(key),
                "-out", request)
        time = ["-startdate", begin, "-enddate", end] if begin else ["-days", 30]
        openssl("ca", "-batch", "-notext", "-config", self.config, "-extensions", name, *time,
                "-cert", self.certificate, "-keyfile", self.key, "-in", request,
                "-out", certificate)
        return {"cert": certificate, "key": key}


def new_key(path: pathlib.Path) -> list:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]


def make_certificates(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Paths of PEM files: `ca`; of it `server_cert` and `server_key` (localhost and 127.0.0.1),
    `client_cert` and `client_key`, `expired_cert` and `expired_key` (as the server's); and
    `foreign_ca` with `foreign_cert` and `foreign_key`, a client's."""
    own = Authority(pathlib.Path(folder) / "own", "test authority")
    foreign = Authority(pathlib.Path(folder) / "foreign", "foreign authority")
    issued = {
        "server": own.issue("server", "localhost"),
        "client": own.issue("client", "student"),
        "expired": own.issue("expired", "localhost", "20200101000000Z", "20200201000000Z"),
        "foreign": foreign.issue("client", "student"),
    }
    paths = {"ca": own.certificate, "foreign_ca": foreign.certificate}
    for name, files in issued.items():
        paths |= {f"{name}_{part}": path for part, path in files.items()}
    return paths
