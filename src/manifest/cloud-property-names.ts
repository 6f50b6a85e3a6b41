/** Where in a cloud config cloud properties stand. VM extensions have those of VM types. */
export type PropertyHolder = "az" | "network" | "vm" | "disk";

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const disk = "size type iops throughput encrypted kms_key_arn use_instance_storage";

/**
 * The cloud properties that BOSH's CPIs take, as documented for each on bosh.io (2026), by CPI type. `within` are the keys of a property
 * that is a map. A CPI passes over what it doesn't know, so a misspelt one is never told by BOSH.
 */
export const cloudPropertyNames: Readonly<
	Record<
		string,
		Readonly<Record<PropertyHolder, ReadonlySet<string>>> & {
			readonly within: Readonly<Record<string, ReadonlySet<string>>>;
		}
	>
> = {
	aws: {
		az: words("availability_zone"),
		network: words("subnet security_groups"),
		vm: words(`instance_type availability_zone security_groups key_name spot_bid_price spot_ondemand_fallback elbs lb_target_groups
			iam_instance_profile placement_group tenancy auto_assign_public_ip advertised_routes raw_instance_storage source_dest_check
			ephemeral_disk root_disk metadata_options tags`),
		disk: words("type iops throughput encrypted kms_key_arn"),
		within: { ephemeral_disk: words(disk), root_disk: words("size type iops throughput") },
	},
	google: {
		az: words("zone node_group"),
		network: words("network_name xpn_host_project_id subnetwork_name ephemeral_external_ip ip_forwarding tags"),
		vm: words(`machine_type machine_series cpu ram zone root_disk_size_gb root_disk_type ephemeral_disk_type automatic_restart
			on_host_maintenance preemptible service_account service_scopes accelerators target_pool backend_service ephemeral_external_ip
			ip_forwarding tags labels node_group`),
		disk: words("type"),
		within: {},
	},
	openstack: {
		az: words("availability_zone"),
		network: words("net_id security_groups"),
		vm: words(`instance_type availability_zone security_groups key_name scheduler_hints root_disk loadbalancer_pools boot_from_volume
			allowed_address_pairs`),
		disk: words("type"),
		within: { root_disk: words("size") },
	},
	azure: {
		az: words("availability_zone"),
		network:
			words(`resource_group_name virtual_network_name subnet_name security_group application_security_groups ip_forwarding
			accelerated_networking`),
		vm: words(`instance_type root_disk caching ephemeral_disk load_balancer application_gateway security_group
			application_security_groups ip_forwarding accelerated_networking assign_dynamic_public_ip availability_zone availability_set
			platform_update_domain_count platform_fault_domain_count storage_account_name storage_account_type
			storage_account_max_disk_number storage_account_location resource_group_name managed_identity tags capacity_reservation_group
			capacity_reservation_group_id`),
		disk: words("caching storage_account_type iops mbps disk_encryption_set_name"),
		within: {
			ephemeral_disk: words("use_root_disk size caching type iops mbps disk_encryption_set_name"),
			root_disk: words("size type placement disk_encryption_set_name"),
		},
	},
	vsphere: {
		az: words("datacenters"),
		network: words("name"),
		vm: words(`cpu ram disk cpu_hot_add_enabled cpu_reserve_full_mhz memory_reservation_locked_to_max memory_hot_add_enabled
			upgrade_hw_version nested_hardware_virtualization enable_human_readable_name datastores datacenters tags vm_group disable_drs nsx
			vmx_options storage_policy nsxt pci_passthroughs vgpus device_groups root_disk_size_gb`),
		disk: words("type datastores"),
		within: {},
	},
};
