/** What one VM must be before its packages and jobs come. Texts are written as they are. */
export interface MachineSpec {
	/** BOSH's `instance/{id,name,az,deployment}`; `name` is the instance group's. */
	readonly instance: {
		readonly id: string;
		readonly name: string;
		readonly az: string;
		readonly deployment: string;
	};
	/** BOSH's `bosh/etc/{operating_system,stemcell_version}`. */
	readonly stemcell: { readonly os: string; readonly version: string };
	/** The text of `bosh/spec.json`. No secrets. */
	readonly specJson: string;
	readonly hostname?: string;
	/** Absent: as BOSH sizes it, the memory's size but at most half of the data disk. 0: none. */
	readonly swapMib?: number;
	/** `env.bosh.run_dir.tmpfs_size`; 16 by default. */
	readonly runDirMib?: number;
	readonly ntp?: readonly string[];
	/** Name servers' addresses. */
	readonly dns?: readonly string[];
	readonly proxy?: { readonly http?: string; readonly https?: string; readonly no?: string };
	/** PEM, any number of certificates. */
	readonly trustedCertificates?: string;
	/** The user that davit logs in as. */
	readonly login?: { readonly user: string; readonly authorizedKeys: readonly string[] };
	readonly supervisor?: SupervisorFiles;
	/** What a plain image may lack. */
	readonly packages?: PackageSource;
}

/** Debian packages that must be there, and where those that aren't come from. With no mirror, one that is missing is an error. */
export interface PackageSource {
	readonly names: readonly string[];
	readonly mirror?: {
		/** Of an archive in Debian's or Ubuntu's form: `http://mirror.internal/debian`. */
		readonly url: string;
		/** `bookworm bookworm-updates`; absent: the image's own VERSION_CODENAME. */
		readonly suites?: readonly string[];
		/** Absent: `main`, and `universe` on Ubuntu. */
		readonly components?: readonly string[];
		/** The archive isn't signed by a key that the image has: it is believed as it is. */
		readonly trusted?: boolean;
	};
	/** How long dpkg's lock may be another's. Default 600. */
	readonly lockSeconds?: number;
}

/** The supervisor's files, by path below `/var/vcap/davit/supervisor/`; `start` and `monit` name two of them. */
export interface SupervisorFiles {
	readonly files: Readonly<Record<string, string>>;
	/** Run by the systemd unit, in the foreground. */
	readonly start: string;
	/** Answers at BOSH's path, `/var/vcap/bosh/bin/monit`. */
	readonly monit: string;
}
