use super::*;

#[test]
fn shapes_parameters_and_the_least_image_follow() {
    let (mut graph, image) = Builder::new(3);
    let x = graph.biased(image, "conv", 8, Window::square(5).unpadded());
    let x = graph.average_pool(x, Window::square(2).unpadded().every(2));
    let x = graph.grouped(x, "more", 6, Window::square(3).every(2), 2);
    let features = graph.global_average_pool(x);
    let logits = graph.linear(features, "head", 4);
    let graph = graph.finish(features, logits).unwrap();
    assert_eq!(graph.least_input(), [6, 6]);
    let map = |channels, height, width| Shape::Map {
        channels,
        height,
        width,
    };
    assert_eq!(
        graph.shapes(17, 10).unwrap(),
        [
            map(3, 17, 10),
            map(8, 13, 6),
            map(8, 6, 3),
            map(6, 3, 2),
            Shape::Vector(6),
            Shape::Vector(4)
        ]
    );
    let parameters: Vec<(String, Vec<i64>)> = graph
        .parameters()
        .into_iter()
        .map(|p| (p.name, p.shape))
        .collect();
    let expected = [
        ("conv.weight", vec![8, 3, 5, 5]),
        ("conv.bias", vec![8]),
        ("more.weight", vec![6, 4, 3, 3]),
        ("head.weight", vec![4, 6]),
        ("head.bias", vec![4]),
    ];
    assert_eq!(parameters, expected.map(|(name, shape)| (name.to_owned(), shape)));
}

#[test]
fn what_does_not_fit_is_named() {
    let refused = |make: &dyn Fn(&mut Builder, NodeId) -> NodeId| {
        let (mut graph, image) = Builder::new(3);
        let x = graph.convolution(image, "conv", 8, Window::square(3));
        let x = make(&mut graph, x);
        let features = graph.global_average_pool(x);
        let logits = graph.linear(features, "fc", 4);
        graph.finish(features, logits).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&|graph, x| graph.grouped(x, "conv2", 8, Window::square(3), 3)),
        "conv2: 3 groups do not divide 8 channels in and 8 channels out"
    );
    let sum = refused(&|graph, x| {
        let y = graph.convolution(x, "conv2", 4, Window::square(3));
        graph.add(x, y)
    });
    assert!(sum.starts_with("a sum adds 8 maps of"), "{sum}");
    assert_eq!(
        refused(&|graph, x| {
            let y = graph.global_average_pool(x);
            graph.batch_norm(y, "bn")
        }),
        "bn takes maps, and gets a vector of 8"
    );
    let (mut graph, image) = Builder::new(3);
    let features = graph.global_average_pool(image);
    let logits = graph.linear(features, "fc", 4);
    assert_eq!(graph.finish(logits, features), Err(GraphError::Head));
}
