using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Tests.Infra.Bicep;

/// <summary>
/// The compiler that these tests share, because its start takes longer than their questions. The restore of tools/infra downloads it.
/// </summary>
internal static class Compiler
{
    private static readonly Lazy<BicepCompiler> Started = new(() =>
    {
        var compiler = BicepCompiler.Start(Path);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => compiler.Dispose();
        return compiler;
    });

    public static string Path => BicepLocation.Find() ?? throw new InvalidOperationException(
        "There is no Bicep compiler: " + BicepLocation.HowToGet);

    public static BicepCompiler Shared => Started.Value;
}
