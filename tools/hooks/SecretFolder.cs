using System.Text;

namespace Dapr.Voice.Hooks;

/// <summary>
/// A folder that only this user can read, for values on their way to a vault. It is removed when the hook ends, however it ends.
/// </summary>
internal sealed class SecretFolder : IDisposable
{
    private readonly string _path;

    public SecretFolder(HookContext context)
    {
        _path = Path.Combine(context.TemporaryFolder, "voice-" + Guid.NewGuid().ToString("N"));
        // On Windows the temporary folder belongs to the user, and others cannot read it.
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(_path);
        else Directory.CreateDirectory(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Writes a value without a byte order mark and without an additional line end.</summary>
    /// <returns>The path of a file with mode 0600.</returns>
    public string Write(string name, string value)
    {
        string file = Path.Combine(_path, name);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(file, options);
        stream.Write(new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetBytes(value));
        return file;
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
