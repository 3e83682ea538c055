//! Container images.

use std::collections::BTreeMap;

use clap::{Args, Subcommand, ValueEnum};
use futures_util::TryStreamExt;
use serde_json::json;
use talos_examples::activity::{Activity, Line};
use talos_examples::answers::Answers;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::instant::rfc3339;
use talos_examples::row;
use talos_examples::size::human;
use talos_sdk::client::{self, Image, ImagePull, ImageStore, LayerProgress, PullProgress};

#[derive(Args)]
pub(crate) struct Images {
    /// Where the images are
    #[arg(long, value_enum, default_value = "cri", global = true)]
    namespace: Namespace,
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum Namespace {
    /// Those of Kubernetes
    Cri,
    /// Those of the system
    System,
    /// Those of the system, in memory
    Inmem,
}

#[derive(Subcommand)]
enum What {
    /// Show the images
    #[command(visible_alias = "ls")]
    List(Output),
    /// Bring an image onto the machines
    Pull(Named),
    /// Remove an image
    #[command(visible_alias = "rm")]
    Remove(Named),
}

#[derive(Args)]
struct Named {
    /// The image, such as registry.k8s.io/pause:3.10
    image: String,
    #[command(flatten)]
    output: Output,
}

impl Images {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let store = match self.namespace {
            Namespace::Cri => ImageStore::Kubernetes,
            Namespace::System => ImageStore::System,
            Namespace::Inmem => ImageStore::InMemory,
        };
        match self.what {
            What::List(output) => list(connection, store, output).await,
            What::Pull(Named { image, output }) => {
                let (image, activity) = (&image, &Activity::new(false));
                let answers = connection.ask(|node| async move {
                    let line = activity.line(node.name().unwrap_or_default());
                    pull(node.pull_image(store, image), line).await
                });
                show_names(&answers.await?, output)
            }
            What::Remove(Named { image, output }) => {
                let image = &image;
                let answers = connection.ask(|node| async move {
                    node.remove_image(store, image).await?;
                    Ok(image.clone())
                });
                show_names(&answers.await?, output)
            }
        }
    }
}

async fn list(connection: &Connection, store: ImageStore, output: Output) -> Outcome {
    let answers =
        connection.ask(|node| async move { node.images(store).try_collect::<Vec<Image>>().await }).await?;
    let row = |image: &Image| {
        let size = image.size.map(human).unwrap_or_default();
        let created = image.created_at.map(rfc3339).unwrap_or_default();
        row![image.name, image.digest, size, labels(&image.labels), created]
    };
    let object = |image: &Image| {
        json!({
            "image": image.name, "digest": image.digest, "size": image.size, "labels": image.labels,
            "created": image.created_at.map(rfc3339),
        })
    };
    answers.show(
        output.format,
        &["IMAGE", "DIGEST", "SIZE", "LABELS", "CREATED"],
        |images| images.iter().map(row).collect(),
        |images| images.iter().map(object).collect(),
    )
}

fn labels(labels: &BTreeMap<String, String>) -> String {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    labels.join(",")
}

async fn pull(mut pull: ImagePull, line: Line) -> client::Result<String> {
    let mut pulled = String::new();
    while let Some(step) = pull.try_next().await? {
        match step {
            PullProgress::Layer(layer) => line.tell(&told(&layer)),
            PullProgress::Pulled { name } => pulled = name,
            _ => {}
        }
    }
    Ok(pulled)
}

fn told(layer: &LayerProgress) -> String {
    let size = match layer.total {
        0 => String::new(),
        total => format!(", {} of {}", human(layer.offset), human(total)),
    };
    format!("layer {}: {:?}{size}", layer.id, layer.state)
}

fn show_names(answers: &Answers<String>, output: Output) -> Outcome {
    answers.show(output.format, &["IMAGE"], |name| vec![row![name]], |name| vec![json!({ "image": name })])
}
