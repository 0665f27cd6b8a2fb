// swift-tools-version: 6.3
// SPDX-License-Identifier: MIT

import PackageDescription

/// A program that measures one thing and prints it.
func benchmark(_ name: String, _ others: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name,
        dependencies: [.product(name: "Modules", package: "LucidGrid")] + others,
        swiftSettings: [.swiftLanguageMode(.v6)]
    )
}

let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(name: "LucidGrid", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        benchmark("forward-benchmark"),
        benchmark("gradient-benchmark"),
        benchmark("gram-benchmark"),
        benchmark("picture-benchmark"),
        benchmark(
            "queue-benchmark",
            [
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
    ]
)
