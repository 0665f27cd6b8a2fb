// SPDX-License-Identifier: MIT

public import ArgumentParser
public import SystemSupport

extension ByteCount: ExpressibleByArgument {
    /// Reads for instance "2GiB".
    public init?(argument: String) {
        self.init(parsing: argument)
    }
}

extension TimeSpan: ExpressibleByArgument {
    /// Reads for instance "3h30m".
    public init?(argument: String) {
        self.init(parsing: argument)
    }
}
