//! Volumes and the storage below them.

use crate::{beside, of_kind};

const DISK: &str = "diskSelector: {match: disk.rotational}";
const LUKS: &str = "encryption: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}";

#[test]
fn system_volumes() {
    of_kind(
        "VolumeConfig",
        &[
            ("name: EPHEMERAL\n", &[]),
            ("name: ephemeral\n", &["name"]),
            ("name: ''\nprovisioning: {minSize: -1GiB}\n", &["name"]),
            ("name: STATE\nprovisioning: {grow: false}\nmount: {secure: true}\n", &["provisioning", "mount"]),
            (
                "name: LOG\nprovisioning: {diskSelector: {match: disk.sise}}\n",
                &["provisioning.diskSelector.match"],
            ),
            ("name: STATE\nprovisioning: {}\nmount: {}\nfilesystem: {xfs: {}}\n", &[]),
            (
                "name: STATE\nencryption: {provider: luks2, keys: [{slot: 0, tpm: {}, lockToState: true}]}\n",
                &["encryption.keys[0].lockToState"],
            ),
            ("name: IMAGECACHE\nfilesystem: {xfs: {}}\nmount: {secure: false}\n", &["filesystem", "mount"]),
            ("name: ETCD\nmount: {secure: true}\n", &["mount"]),
            ("name: LOG\nmount: {secure: true}\nprovisioning: {minSize: 1GiB}\n", &[]),
            ("name: CRI\nprovisioning: {minSize: 2GiB, maxSize: 1GiB}\n", &["provisioning.maxSize"]),
            ("name: CRI\nprovisioning: {minSize: 2GiB, maxSize: 10%}\n", &[]),
            ("name: CRI\nprovisioning: {minSize: 2GiB, maxSize: -1GiB}\n", &[]),
            ("name: CRI\nprovisioning: {minSize: -1GiB}\n", &["provisioning.minSize"]),
            (
                "name: EPHEMERAL\ntrim: {interval: -1h}\nscrub: {interval: 9s}\n",
                &["trim.interval", "scrub.interval"],
            ),
            ("name: EPHEMERAL\ntrim: {interval: 0s}\nscrub: {interval: 10s}\n", &[]),
        ],
    );
}

#[test]
fn encryption() {
    of_kind(
        "VolumeConfig",
        &[
            ("name: STATE\nencryption: {blockSize: 512}\n", &[]),
            ("name: STATE\nencryption: {provider: luks2}\n", &["encryption.keys"]),
            (
                "name: STATE\nencryption: {keys: [{slot: 0, static: {passphrase: a}}]}\n",
                &["encryption.provider"],
            ),
            (
                "name: STATE\nencryption: {provider: luks2, keys: [{slot: 1, nodeID: {}}, {slot: 1}]}\n",
                &["encryption.keys[1].slot", "encryption.keys[1]"],
            ),
            (
                "name: STATE\nencryption: {provider: luks2, keys: [{slot: 1, tpm: {options: {pcrs: [0, 23, 24, -1]}}}]}\n",
                &["encryption.keys[0].tpm.options.pcrs[2]", "encryption.keys[0].tpm.options.pcrs[3]"],
            ),
        ],
    );
}

#[test]
fn encryption_is_said_once() {
    let sections = "machine:\n  systemDiskEncryption:\n    state: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}\n---\n";
    beside(
        sections,
        "VolumeConfig",
        &[
            (&format!("name: STATE\n{LUKS}\n"), &[""]),
            ("name: STATE\n", &[]),
            (&format!("name: EPHEMERAL\n{LUKS}\n"), &[]),
        ],
    );
}

#[test]
fn user_volumes() {
    of_kind(
        "UserVolumeConfig",
        &[
            (&format!("name: data\nprovisioning: {{{DISK}, maxSize: 1GiB}}\n{LUKS}\n"), &[]),
            ("name: ''\nvolumeType: directory\n", &["name"]),
            ("name: a_b\nvolumeType: directory\n", &["name"]),
            ("name: a234567890123456789012345678901234\nvolumeType: directory\n", &[]),
            ("name: a2345678901234567890123456789012345\nvolumeType: directory\n", &["name"]),
            ("name: data\n", &["provisioning.diskSelector.match", "provisioning.minSize"]),
            (
                "name: data\nvolumeType: disk\nprovisioning: {minSize: 1GiB, maxSize: 2GiB, grow: false}\n",
                &[
                    "provisioning.diskSelector.match",
                    "provisioning.minSize",
                    "provisioning.maxSize",
                    "provisioning.grow",
                ],
            ),
            (&format!("name: data\nvolumeType: disk\nprovisioning: {{{DISK}}}\n"), &[]),
            (
                "name: data\nvolumeType: directory\nprovisioning: {grow: true}\nencryption: {provider: luks2}\n\
                 filesystem: {type: xfs}\nmount: {disableAccessTime: false, secure: false}\n",
                &["provisioning", "encryption", "filesystem", "mount.disableAccessTime"],
            ),
            ("name: data\nvolumeType: tmpfs\nencryption: {provider: luks2}\n", &["volumeType"]),
            (
                &format!(
                    "name: data\nvolumeType: disk\nprovisioning: {{{DISK}}}\nfilesystem: {{type: vfat, xfs: {{}}}}\n"
                ),
                &["filesystem.type"],
            ),
            (
                &format!(
                    "name: data\nvolumeType: disk\nprovisioning: {{{DISK}}}\n\
                     filesystem: {{type: ext4, projectQuotaSupport: true, xfs: {{}}}}\n"
                ),
                &["filesystem.projectQuotaSupport", "filesystem.xfs"],
            ),
            (
                &format!(
                    "name: data\nvolumeType: disk\nprovisioning: {{{DISK}}}\n\
                     filesystem: {{projectQuotaSupport: true, xfs: {{minAllocationGroupSize: 1GiB}}}}\n"
                ),
                &[],
            ),
        ],
    );
}

#[test]
fn raw_and_swap_volumes() {
    for kind in ["RawVolumeConfig", "SwapVolumeConfig"] {
        of_kind(
            kind,
            &[
                (&format!("name: data\nprovisioning: {{{DISK}, minSize: 1GiB}}\n{LUKS}\n"), &[]),
                (
                    "name: da/ta\nencryption: {provider: luks2}\n",
                    &["name", "provisioning.diskSelector.match", "provisioning.minSize", "encryption.keys"],
                ),
            ],
        );
    }
}

#[test]
fn volumes_from_elsewhere() {
    of_kind(
        "ExistingVolumeConfig",
        &[
            ("name: data\ndiscovery: {volumeSelector: {match: volume.name == 'xfs'}}\n", &[]),
            (
                "name: a.b\nscrub: {interval: -1s}\n",
                &["name", "discovery.volumeSelector.match", "scrub.interval"],
            ),
            (
                "name: a23456789012345678901234567890123456789\ndiscovery: {volumeSelector: {match: volume.name == ''}}\n",
                &[],
            ),
        ],
    );
    of_kind(
        "ExternalVolumeConfig",
        &[
            ("name: data\nfilesystemType: virtiofs\nmount: {virtiofs: {tag: Data}}\n", &[]),
            ("name: ''\nfilesystemType: virtiofs\nmount: {virtiofs: {}}\n", &["name", "mount.virtiofs.tag"]),
            ("name: data\nfilesystemType: virtiofs\n", &["mount.virtiofs.tag"]),
            ("name: data\nfilesystemType: xfs\n", &["filesystemType"]),
        ],
    );
}

#[test]
fn maintenance_and_zswap() {
    of_kind(
        "FilesystemTrimConfig",
        &[("interval: 1h\n", &[]), ("", &[]), ("interval: -1ns\n", &["interval"])],
    );
    of_kind(
        "FilesystemScrubConfig",
        &[
            ("interval: 10s\n", &[]),
            ("", &[]),
            ("interval: 9.9s\n", &["interval"]),
            ("interval: -1h\n", &["interval"]),
        ],
    );
    of_kind(
        "ZswapConfig",
        &[
            ("maxPoolPercent: 0\n", &[]),
            ("maxPoolPercent: 100\n", &[]),
            ("maxPoolPercent: 101\n", &["maxPoolPercent"]),
            ("maxPoolPercent: -1\n", &["maxPoolPercent"]),
        ],
    );
}

#[test]
fn logical_volumes_and_arrays() {
    let selector = "provisioning: {volumeSelector: {match: volume.name == ''}}";
    let long = "a".repeat(33);
    let longer = "a".repeat(64);
    of_kind(
        "LVMVolumeGroupConfig",
        &[
            (&format!("name: vg_1-a\n{selector}\n"), &[]),
            (&format!("name: {longer}\n{selector}\n"), &["name"]),
            ("name: v.g\n", &["name", "provisioning.volumeSelector.match"]),
        ],
    );
    of_kind(
        "RAIDArrayConfig",
        &[
            (&format!("name: md_1\nlevel: raid1\n{selector}\n"), &[]),
            (&format!("name: {long}\nlevel: raid1\n"), &["name", "provisioning.volumeSelector.match"]),
        ],
    );
    let place = "provisioning: {volumeGroup: vg, maxSize: 1GiB}";
    of_kind(
        "LVMLogicalVolumeConfig",
        &[
            (&format!("name: lv\ntype: linear\n{place}\n"), &[]),
            (&format!("name: lv\ntype: linear\nmirrors: 1\nstripes: 2\n{place}\n"), &["mirrors", "stripes"]),
            (&format!("name: lv\ntype: raid1\nmirrors: 1\nstripes: 2\n{place}\n"), &["stripes"]),
            (&format!("name: lv\ntype: raid10\nmirrors: 0\nstripes: 1\n{place}\n"), &["mirrors", "stripes"]),
            (&format!("name: lv\ntype: raid0\nmirrors: 1\nstripes: 2\n{place}\n"), &["mirrors"]),
            ("name: 'l v'\ntype: linear\n", &["name", "provisioning.volumeGroup", "provisioning.maxSize"]),
            (
                "name: lv\ntype: linear\nprovisioning: {volumeGroup: vg, maxSize: -10%}\n",
                &["provisioning.maxSize"],
            ),
            (
                "name: lv\ntype: linear\nprovisioning: {volumeGroup: vg, minSize: 2GiB, maxSize: 1GiB}\n",
                &["provisioning.maxSize"],
            ),
            ("name: lv\ntype: linear\nprovisioning: {volumeGroup: vg, minSize: 2GiB, maxSize: 10%}\n", &[]),
        ],
    );
}
