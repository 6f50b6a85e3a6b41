/** A program that monit runs without a shell. `uid` and `gid` are names or numbers as written. */
export interface Program {
	readonly argv: readonly string[];
	readonly uid?: string;
	readonly gid?: string;
	/** How long the program has to do its work, in seconds; it is never killed. */
	readonly timeoutSeconds: number;
}

export type Operator = ">" | "<" | "==" | "!=" | ">=" | "<=";

/** What is measured of a process (with `total`: of it and its descendants) or of the machine. */
export type Resource =
	| "cpu"
	| "totalcpu"
	| "mem"
	| "mem%"
	| "totalmem"
	| "totalmem%"
	| "children"
	| "loadavg1"
	| "loadavg5"
	| "loadavg15"
	| "cpu-user"
	| "cpu-system"
	| "cpu-wait"
	| "swap"
	| "swap%";

/** What a rule asks. Percentages are tenths of a percent, memory is KiB, load is hundredths, times are seconds. */
export type Condition =
	| { readonly type: "not-exist" }
	| { readonly type: "changed"; readonly what: "pid" | "ppid" | "timestamp" | "size" }
	| { readonly type: "resource"; readonly resource: Resource; readonly operator: Operator; readonly limit: number }
	| { readonly type: "uptime" | "timestamp" | "size"; readonly operator: Operator; readonly limit: number }
	| { readonly type: "space" | "space%" | "inode" | "inode%"; readonly operator: Operator; readonly limit: number }
	| { readonly type: "permission" | "uid" | "gid"; readonly value: string }
	| { readonly type: "status"; readonly operator: Operator; readonly limit: number }
	| { readonly type: "restarts"; readonly restarts: number; readonly cycles: number }
	| {
			readonly type: "port";
			readonly host: string;
			readonly port: number;
			readonly transport: "tcp" | "udp";
			/** `http`: a GET that must answer with less than 400. */
			readonly protocol: "default" | "http";
			readonly request?: string;
			readonly hostHeader?: string;
			readonly timeoutSeconds: number;
	  }
	| { readonly type: "unixsocket"; readonly path: string; readonly timeoutSeconds: number }
	| { readonly type: "ping"; readonly count: number; readonly timeoutSeconds: number };

export type Action =
	| { readonly type: "alert" | "restart" | "start" | "stop" | "unmonitor" }
	| { readonly type: "exec"; readonly program: Program };

/** What to do when the condition held `times` times within the last `cycles` cycles. */
export interface Reaction {
	readonly times: number;
	readonly cycles: number;
	readonly action: Action;
}

export interface Rule {
	readonly condition: Condition;
	readonly failed: Reaction;
	/** When the condition holds no more. Default: an alert. */
	readonly passed?: Reaction;
}

export type CheckType = "process" | "file" | "directory" | "fifo" | "filesystem" | "host" | "system" | "program";

/** One `check` of a monit file. */
export interface Check {
	readonly type: CheckType;
	readonly name: string;
	readonly release: string;
	readonly job: string;
	/** The file's name in the job and the line of `check`. */
	readonly file: string;
	readonly line: number;
	/** For a process one of these two. `matching` is a POSIX extended regular expression over the command line. */
	readonly pidfile?: string;
	readonly matching?: string;
	/** Of a file, directory, fifo or filesystem. */
	readonly path?: string;
	/** Of a host. */
	readonly address?: string;
	/** Of a program check. */
	readonly program?: Program;
	readonly start?: Program;
	readonly stop?: Program;
	readonly restart?: Program;
	readonly groups: readonly string[];
	readonly dependsOn: readonly string[];
	readonly mode: "active" | "passive" | "manual";
	readonly everyCycles: number;
	readonly rules: readonly Rule[];
}
