/** Things of the cloud file that go by a name, each with the code of the problem that there is none of that name. */
export const unknownName = {
	AZ: "unknown-az",
	CPI: "unknown-cpi",
	"disk type": "unknown-disk-type",
	network: "unknown-network",
	"VM extension": "unknown-vm-extension",
	"VM type": "unknown-vm-type",
} as const;

export type NamedThing = keyof typeof unknownName;
