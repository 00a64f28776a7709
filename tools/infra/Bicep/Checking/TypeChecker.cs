namespace Dapr.Voice.Infra.Bicep.Checking;

internal static class TypeChecker
{
    public static IReadOnlyList<Finding> Check(FileModel file) => [];
}
