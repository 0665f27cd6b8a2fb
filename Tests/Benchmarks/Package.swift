// swift-tools-version: 6.3
// SPDX-License-Identifier: MIT

import PackageDescription

/// A program that measures one thing and prints it.
func benchmark(_ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: [.product(name: "Modules", package: "LucidGrid")],
        swiftSettings: [.swiftLanguageMode(.v6)]
    )
}

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "LucidGrid", path: "../..")],
    targets: [benchmark("forward-benchmark"), benchmark("gram-benchmark")]
)
