// What the examples in the documentation run on: a simulated machine, as an administrator sees it.
fn example(
    body: impl AsyncFnOnce(talos_client::Node) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let simulation = talos_sim::Simulation::start(talos_sim::SimulationOptions::default())?;
        let cluster = simulation.cluster(talos_sim::ClusterOptions::default()).await?;
        let config = cluster.talosconfig(talos_client::talos_pki::Role::Admin)?;
        let config = talos_client::talosconfig::TalosConfig::from_yaml(config.expose())?;
        let client = talos_client::Client::connect(&config, talos_client::ClientOptions::default())?;
        body(client.endpoint()).await
    })
}
