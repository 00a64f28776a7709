using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>Which shared libraries this project calls and which Debian package brings each.</summary>
public static class NativeLibraries
{
    public const string Ssl = "libssl.so.3";
    public const string Crypto = "libcrypto.so.3";
    public const string Opus = "libopus.so.0";
    public const string EspeakNg = "libespeak-ng.so.1";
    public const string PocketSphinx = "libpocketsphinx.so.3";
    public const string SphinxBase = "libsphinxbase.so.3";

    private static readonly (string Library, string Package)[] Packages =
    [
        (Ssl, "libssl3"),
        (Crypto, "libssl3"),
        (Opus, "libopus0"),
        (EspeakNg, "libespeak-ng1"),
        (PocketSphinx, "libpocketsphinx3"),
        (SphinxBase, "libsphinxbase3"),
    ];

    /// <summary>Loads each library now, so that a service stops at its start and not in its first call.</summary>
    /// <exception cref="MissingNativeLibraryException">One is not installed.</exception>
    public static void Require(params ReadOnlySpan<string> libraries)
    {
        foreach (string library in libraries) Load(library, typeof(NativeLibraries).Assembly, null);
    }

    /// <summary>The library can be loaded here and has <paramref name="export"/>. If it can be loaded, it stays so.</summary>
    public static bool IsInstalled(string library, string export)
        => NativeLibrary.TryLoad(library, typeof(NativeLibraries).Assembly, null, out nint handle)
        && NativeLibrary.TryGetExport(handle, export, out _);

    [ModuleInitializer]
    internal static void SetResolver() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Load);

    private static nint Load(string library, Assembly assembly, DllImportSearchPath? searchPath)
    {
        // libc and whatever else every Linux has is left to the runtime's own search (zero means "not resolved here").
        string? package = PackageOf(library);
        if (package is null) return 0;
        return NativeLibrary.TryLoad(library, assembly, searchPath, out nint handle) ? handle
            : throw new MissingNativeLibraryException(library, package);
    }

    private static string? PackageOf(string library)
    {
        foreach ((string name, string? package) in Packages)
        {
            if (name == library) return package;
        }
        return null;
    }
}
