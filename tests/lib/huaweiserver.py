# SPDX-License-Identifier: LGPL-2.1-or-later
"""Huawei's own server, as the simulated modules know it: a tree of files below a real web server.

<root>/<model>/<version the module runs>/full/ holds filelist.xml (name, MD5 sum and size of each
file), changelog.xml (the new version and the change text), and the files themselves.
"""
import hashlib
import shutil
import xml.sax.saxutils

from manifest import delta

# As in the FOTA Application Guide's example: the delta's two files.
IMAGE_SIZE = 1324
SIZE = 79102
TEXT = "Support send SMS background"

LIST = """<?xml version="1.0" encoding="UTF-8"?>
<root>
  <component><name>FIRMWARE</name><compress>0</compress></component>
  <files>{files}
  </files>
</root>
"""
FILE = """
    <file>
      <spath>{name}</spath><dpath>{name}</dpath><operation>c</operation>
      <md5>{md5}</md5><size>{size}</size>
    </file>"""
CHANGELOG = """<?xml version="1.0" encoding="UTF-8"?>
<root>
  <component name="FIRMWARE" version={version}/>
  <language name="en-us" code="1033">
    <features>{features}</features>
  </language>
</root>
"""


class HuaweiServer:
    """root: where the files go. uri: its address on the web server; what the modules are told."""

    def __init__(self, root, uri):
        self._root = root
        self._root.mkdir(parents=True, exist_ok=True)
        self.uri = uri.rstrip("/") + "/"

    def directory(self, model, version):
        """What a module of this model that runs this version is shown."""
        return self._root / model / version / "full"

    def publish(self, model, from_version, to_version, text=TEXT, size=SIZE, data=None):
        """Offers to_version to those who run from_version, and nothing to those who have it."""
        data = delta(model, from_version, to_version, size) if data is None else data
        files = {"IMAGE": data[:IMAGE_SIZE], "XNV": data[IMAGE_SIZE:],
                 "changelog.xml": changelog(to_version, text)}
        self._write(model, from_version, files)
        self.publish_nothing(model, to_version)

    def publish_nothing(self, model, version):
        """Has nothing newer than version."""
        self._write(model, version, {})

    def withdraw(self, model, version):
        """Has not even a list for those who run version."""
        shutil.rmtree(self.directory(model, version), ignore_errors=True)

    def _write(self, model, version, files):
        self.withdraw(model, version)
        directory = self.directory(model, version)
        directory.mkdir(parents=True)
        for name, data in files.items():
            (directory / name).write_bytes(data)
        (directory / "filelist.xml").write_bytes(file_list(files))


def file_list(files):
    return LIST.format(files="".join(
        FILE.format(name=name, md5=hashlib.md5(data).hexdigest(), size=len(data))
        for name, data in files.items())).encode()


def changelog(version, text):
    features = "".join(f"<feature>{xml.sax.saxutils.escape(part)}</feature>"
                       for part in text.split(";"))
    return CHANGELOG.format(version=xml.sax.saxutils.quoteattr(version),
                            features=features).encode()
