// swift-tools-version: 6.3
// SPDX-License-Identifier: MIT

import PackageDescription

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "LucidGrid", path: "../..")],
    targets: [
        .executableTarget(
            name: "forward-benchmark",
            dependencies: [.product(name: "Modules", package: "LucidGrid")],
            swiftSettings: [.swiftLanguageMode(.v6)]
        )
    ]
)
