// What the examples of the guide run on: a simulated cluster with a worker, as an administrator sees it.
#[allow(dead_code, reason = "no example uses all of it")]
struct Lab {
    cluster: talos_sim::SimCluster,
    talosconfig: String,
    control_planes: Vec<String>,
    control_plane: String,
    worker: String,
    folder: tempfile::TempDir,
}

fn guide(
    control_planes: usize,
    body: impl AsyncFnOnce(talos_client::Client, Lab) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let simulation = talos_sim::Simulation::start(talos_sim::SimulationOptions::default())?;
        let options = talos_sim::ClusterOptions::default().with_control_planes(control_planes).with_workers(1);
        let cluster = simulation.cluster(options).await?;
        let talosconfig = cluster.talosconfig(talos_client::talos_pki::Role::Admin)?.expose().to_owned();
        let config = talos_client::talosconfig::TalosConfig::from_yaml(&talosconfig)?;
        let client = talos_client::Client::connect(&config, talos_client::ClientOptions::default())?;
        let addresses: Vec<_> =
            cluster.control_planes().iter().map(|node| node.address().to_string()).collect();
        let lab = Lab {
            talosconfig,
            control_plane: addresses[0].clone(),
            control_planes: addresses,
            worker: cluster.workers()[0].address().to_string(),
            folder: tempfile::tempdir()?,
            cluster,
        };
        body(client, lab).await
    })
}
