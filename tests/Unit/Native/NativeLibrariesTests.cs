using Dapr.Voice.Native;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Native;

public sealed class NativeLibrariesTests
{
    [Fact]
    public void Require_OpenSsl_IsThere() => NativeLibraries.Require(NativeLibraries.Ssl, NativeLibraries.Crypto);

    [Fact]
    public void MissingNativeLibraryException_Message_NamesThePackage()
    {
        var missing = new MissingNativeLibraryException("libssl.so.3", "libssl3");
        Assert.Equal("The native library libssl.so.3 was not found. Install it with: apt-get install libssl3", missing.Message);
        Assert.Equal(("libssl.so.3", "libssl3"), (missing.Library, missing.Package));
    }
}
