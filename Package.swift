// swift-tools-version: 6.3
// SPDX-License-Identifier: MIT

import PackageDescription

/// Settings shared by every Swift target.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),  // SE-0458
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .enableUpcomingFeature("ImmutableWeakCaptures"),  // SE-0481
    .treatAllWarnings(as: .error),  // SE-0480
]

/// Numeric targets are optimised in debug builds too, so that tests stay quick.
let numeric = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

// MARK: Packages

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let swiftCSV = Target.Dependency.product(name: "SwiftCSV", package: "SwiftCSV")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A C library of the system.
///
/// Where it is missing, its shim.h names the package and Deploy/setup.
func library(_ name: String, pkgConfig: String?, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A module under `Sources`.
func module(_ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = strict) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of a module, with files to read under `Resources` where it has them.
func tests(
    of name: String,
    _ dependencies: [Target.Dependency],
    resources: Bool = false,
    settings: [SwiftSetting] = strict
) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name)] + dependencies,
        resources: resources ? [.copy("Resources")] : [],
        swiftSettings: settings
    )
}

let package = Package(
    name: "LucidGrid",
    products: [
        // For the nested package of benchmarks.
        .library(
            name: "Modules",
            targets: [
                "ComputeEngine", "Coordination", "FeatureVisualization", "JobStorage", "Networks",
                "RepresentationSimilarity", "SystemSupport", "WorkerRuntime",
            ]
        )
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swiftcsv/SwiftCSV", exact: "0.10.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        // MARK: C libraries
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CVectors"),
        library("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
        library("CCairo", pkgConfig: "cairo", apt: "libcairo2-dev"),
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CFFTW", pkgConfig: "fftw3f", apt: "libfftw3-dev"),
        library("CJPEG", pkgConfig: "libjpeg", apt: "libjpeg62-turbo-dev"),
        library("COneDNN", pkgConfig: nil, apt: "libdnnl-dev"),
        library("COpenBLAS", pkgConfig: "openblas", apt: "libopenblas-dev"),
        library("CPNG", pkgConfig: "libpng", apt: "libpng-dev"),
        library("CZip", pkgConfig: "libzip", apt: "libzip-dev"),
        library("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),

        // MARK: Ground
        module("SystemSupport", ["CLinux", crypto, system]),

        // MARK: Edges
        module("Archives", ["CArchive", "SystemSupport", system]),
        module("ComputeEngine", ["CFFTW", "COneDNN", "COpenBLAS", "CVectors", "SystemSupport"], settings: numeric),
        module("Drawing", ["CCairo"], settings: numeric),
        module("HTTPTransfer", ["CCurl", "SystemSupport", system]),
        module("ImageCoding", ["CJPEG", "CPNG", "SystemSupport"], settings: numeric),
        module("JobStorage", ["SystemSupport", system]),
        module("TensorStorage", ["CZip", "CZstd", "HTTPTransfer", "SystemSupport", system], settings: numeric),

        // MARK: Science
        module("Datasets", ["ImageCoding", "SystemSupport", swiftCSV, system], settings: numeric),
        module("FeatureVisualization", ["ComputeEngine", "Networks"], settings: numeric),
        module("Networks", ["ComputeEngine", "SystemSupport"], settings: numeric),
        module("RepresentationSimilarity", ["ComputeEngine", "SystemSupport"], settings: numeric),

        // MARK: Services
        module("Campaigns", ["FeatureVisualization", "JobStorage", "Networks", "SystemSupport", yams]),
        module(
            "Coordination",
            [
                "Archives", "Campaigns", "ComputeEngine", "Datasets", "FeatureVisualization", "HTTPTransfer",
                "ImageCoding", "JobKinds", "JobStorage", "Networks", "Downloads", "Reports",
                "RepresentationSimilarity", "SystemSupport", "TensorStorage", logging, system,
            ]
        ),
        module(
            "JobKinds",
            [
                "Campaigns", "ComputeEngine", "Datasets", "FeatureVisualization", "HTTPTransfer", "ImageCoding",
                "JobStorage", "Networks", "RepresentationSimilarity", "SystemSupport", "TensorStorage", "WorkerRuntime",
                system,
            ],
            settings: numeric
        ),
        .target(
            name: "Reports",
            dependencies: ["Drawing", "ImageCoding", "RepresentationSimilarity", "SystemSupport", "TensorStorage"],
            resources: [
                "address.js", "data.js", "elements.js", "grid.js", "index.html", "page.js", "search.js", "style.css",
                "viewer.js", "zoom.js",
            ].map { .embedInCode("Atlas/Page/\($0)") },
            swiftSettings: numeric
        ),
        module("Downloads", ["Archives", "HTTPTransfer", "Networks", "SystemSupport", system]),
        module("WorkerRuntime", ["JobStorage", "SystemSupport", logging, system]),

        // MARK: Executables
        .executableTarget(
            name: "lucid-coordinator",
            dependencies: [
                "Archives", "Campaigns", "ComputeEngine", "Coordination", "HTTPTransfer", "JobStorage", "Networks",
                "Downloads",
                "Reports", "SystemSupport", argumentParser, logging, system,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "lucid-worker",
            dependencies: [
                "ComputeEngine", "HTTPTransfer", "JobKinds", "JobStorage", "SystemSupport", "WorkerRuntime",
                argumentParser, logging,
                system,
            ],
            swiftSettings: strict
        ),

        // MARK: Tests
        .target(
            name: "TestSupport",
            dependencies: ["SystemSupport", system],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "JobStorageTestSupport",
            dependencies: ["JobStorage", "SystemSupport", system],
            path: "Tests/JobStorageTestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "SimulationSupport",
            dependencies: ["Coordination", "JobStorage", "SystemSupport", "WorkerRuntime", logging, system],
            path: "Tests/SimulationSupport",
            swiftSettings: numeric
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["SimulationSupport", "SystemSupport"],
            swiftSettings: strict
        ),
        .target(
            name: "WebServers",
            dependencies: ["SystemSupport", system],
            path: "Tests/WebServers",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "weights-probe",
            dependencies: ["SystemSupport", "TensorStorage", system],
            path: "Tests/WeightsProbe",
            swiftSettings: numeric
        ),
        tests(of: "Archives", ["SystemSupport", "WebServers", system]),
        tests(
            of: "Campaigns",
            ["Archives", "FeatureVisualization", "JobStorage", "Networks", "SystemSupport", system]
        ),
        tests(of: "ComputeEngine", ["COneDNN", "SystemSupport"]),
        tests(
            of: "Coordination",
            [
                "Archives", "HTTPTransfer", "ImageCoding", "JobKinds", "JobStorage", "JobStorageTestSupport",
                "Networks", "Downloads", "SystemSupport", "TensorStorage", "WebServers", "WorkerRuntime", logging,
                system,
            ]
        ),
        tests(of: "Drawing", []),
        tests(
            of: "Reports",
            [
                "Drawing", "ImageCoding", "RepresentationSimilarity", "SystemSupport", "TensorStorage", "TestSupport",
                subprocess, system,
            ],
            resources: true,
            settings: numeric
        ),
        tests(of: "SystemSupport", ["TestSupport", system]),
        tests(of: "Datasets", ["ImageCoding", "SystemSupport", "TestSupport", system], resources: true),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Coordination", "ImageCoding", "JobStorage", "JobStorageTestSupport", "Networks", "SystemSupport",
                "TensorStorage", "TestSupport", "WebServers", "lucid-coordinator", "lucid-worker", system,
            ],
            resources: [.copy("Resources")],
            swiftSettings: strict
        ),
        tests(of: "FeatureVisualization", ["ComputeEngine", "Networks"], resources: true),
        tests(of: "HTTPTransfer", ["SystemSupport", "WebServers", system]),
        tests(of: "ImageCoding", ["SystemSupport", system], resources: true),
        tests(
            of: "JobKinds",
            [
                "Campaigns", "HTTPTransfer", "ImageCoding", "JobStorage", "JobStorageTestSupport", "Networks",
                "RepresentationSimilarity", "SystemSupport", "TensorStorage", "WebServers", "WorkerRuntime", logging,
                system,
            ]
        ),
        tests(of: "JobStorage", ["JobStorageTestSupport", "SystemSupport", system]),
        tests(of: "Networks", ["ComputeEngine", "SystemSupport"], resources: true, settings: numeric),
        tests(of: "Downloads", ["Archives", "HTTPTransfer", "Networks", "SystemSupport", "WebServers", system]),
        tests(of: "RepresentationSimilarity", ["ComputeEngine", "SystemSupport"], resources: true),
        tests(
            of: "TensorStorage",
            [
                "HTTPTransfer", "JobKinds", "Networks", "SystemSupport", "TestSupport", "WebServers", "weights-probe",
                subprocess, system,
            ],
            resources: true,
            settings: numeric
        ),
        tests(of: "WorkerRuntime", ["JobStorage", "JobStorageTestSupport", "SystemSupport", logging, system]),
    ]
)
