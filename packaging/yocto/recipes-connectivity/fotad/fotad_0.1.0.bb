# SPDX-License-Identifier: LGPL-2.1-or-later
SUMMARY = "Firmware updates over the air for cellular modules"
DESCRIPTION = "Keeps the firmware of a gateway's cellular module current over the air, with a local \
application in charge: it finds modules through ModemManager, drives each with a plugin for its \
vendor, reads a signed manifest, and asks for approval on D-Bus."
SECTION = "net"
LICENSE = "LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://COPYING;md5=4fbd65380cdd255951079008b364516c"

# The location of your copy of the source: see README.md.
SRC_URI = "git://git.example/fotad.git;protocol=https;branch=main"
SRCREV = "${AUTOREV}"
S = "${WORKDIR}/git"

inherit meson pkgconfig systemd useradd bash-completion features_check

REQUIRED_DISTRO_FEATURES = "systemd"

DEPENDS = "curl glib-2.0 gnutls json-glib libsodium libsoup modemmanager systemd"

# Options of meson_options.txt; a cross build needs no tests and fuzz targets.
EXTRA_OEMESON = " \
    -Dtests=false \
    -Dfuzz=false \
    -Dsystemdsystemunitdir=${systemd_system_unitdir} \
"

# The simulated modules, to test an application without hardware.
PACKAGECONFIG ??= ""
PACKAGECONFIG[simulator] = "-Dsimulator=true,-Dsimulator=false,umockdev"

SYSTEMD_SERVICE:${PN} = "fotad.service"

# The users of units/fotad.sysusers.
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system fotad-operator"
USERADD_PARAM:${PN} = "--system --user-group --no-create-home --home-dir / \
    --shell /sbin/nologin fotad"
# And that of polkit, as its own recipe makes it: see do_install.
USERADD_PARAM:${PN}:append = "${@bb.utils.contains('DISTRO_FEATURES', 'polkit', \
    '; --system --no-create-home --user-group --home-dir ${sysconfdir}/polkit-1 \
    --shell /bin/nologin polkitd', '', d)}"

# The directory of polkit's rules is in two packages, and rpm wants it alike in both.
do_install:append() {
    if ${@bb.utils.contains('DISTRO_FEATURES', 'polkit', 'true', 'false', d)}; then
        chmod 0700 ${D}${datadir}/polkit-1/rules.d
        chown polkitd:root ${D}${datadir}/polkit-1/rules.d
    fi
}

PACKAGES =+ "${PN}-manifest ${PN}-simulator"

FILES:${PN} += " \
    ${datadir}/dbus-1 \
    ${datadir}/polkit-1 \
    ${nonarch_libdir}/systemd/catalog \
    ${nonarch_libdir}/sysusers.d \
    ${nonarch_libdir}/tmpfiles.d \
    ${systemd_system_unitdir}/fotad-fetch.socket \
    ${systemd_system_unitdir}/fotad-fetch@.service \
"
FILES:${PN}-manifest = "${bindir}/fota-manifest"
FILES:${PN}-simulator = " \
    ${bindir}/fota-rehearsal \
    ${bindir}/fota-sim \
    ${datadir}/fota-sim \
    ${systemd_system_unitdir}/fota-sim.service \
"

CONFFILES:${PN} = "${sysconfdir}/fotad/fotad.conf"

# libsoup has no https without glib-networking, and only recommends it.
RDEPENDS:${PN} = "dbus glib-networking modemmanager"
# Servers whose authority is not CertificateAuthority= need ca-certificates; users other than root need
# polkit; windows may name a time zone.
RRECOMMENDS:${PN} = "ca-certificates polkit tzdata"
RDEPENDS:${PN}-simulator = "${PN} ${PN}-manifest minisign python3-pyftpdlib umockdev"
