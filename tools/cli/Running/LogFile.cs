using System.Text;

namespace Dapr.Voice.Cli.Running;

/// <summary>
/// The log of one process, with mode 600. It never throws while lines are written: a line that cannot be written is dropped and counted,
/// and the next line that can be written stands behind a note that says how many are missing. At <see cref="MaximumBytes"/> the file
/// becomes <c>NAME.1</c>, which replaces an older one, and a new file begins. The same happens to the file of an earlier run. Any thread.
/// </summary>
/// <param name="maximumBytes">Two files of this size are the most that one process leaves on the disk.</param>
internal sealed class LogFile(string path, long maximumBytes = LogFile.MaximumBytes) : IDisposable
{
    public const long MaximumBytes = 8 * 1024 * 1024;

    private readonly Lock _lock = new();
    // The fields below are guarded by _lock.
    private FileStream? _file;
    private long _length;
    private long _lost;
    private long _lostInARow;
    private string _why = "";
    private bool _isDisposed;

    /// <summary>How many lines were dropped since the start.</summary>
    public long LostLines
    {
        get { lock (_lock) return _lost; }
    }

    public void WriteLine(string line)
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            string note = _lostInARow > 0 ? $"voice: {_lostInARow} lines are missing here, because this file could not be written: {_why}\n"
                : "";
            byte[] text = Encoding.UTF8.GetBytes($"{note}{line}\n");
            try
            {
                if (_file is null || _length + text.Length > maximumBytes) Begin();
                _file!.Position = _length;
                _file.Write(text);
                _length += text.Length;
                _lostInARow = 0;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _lost++;
                _lostInARow++;
                _why = failure.Message;
                RemovePartOfALine();
            }
        }
    }

    /// <summary>A writer whose lines go to this file, for a console. The writer does not own the file.</summary>
    public TextWriter AsWriter() => new Lines(this);

    private void Begin()
    {
        _file?.Dispose();
        _file = null;
        if (File.Exists(path)) File.Move(path, path + ".1", overwrite: true);
        // Without a buffer, a line is in the file when Write returns, and an error belongs to the line that was written.
        _file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        _length = 0;
    }

    private void RemovePartOfALine()
    {
        try
        {
            _file?.SetLength(_length);
        }
        catch (IOException)
        {
            // The next line overwrites it.
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _file?.Dispose();
            _file = null;
        }
    }

    private sealed class Lines(LogFile log) : TextWriter
    {
        private readonly StringBuilder _line = new();

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
            lock (_line)
            {
                if (value != '\n')
                {
                    _line.Append(value);
                    return;
                }
                log.WriteLine(_line.ToString());
                _line.Clear();
            }
        }
    }
}
