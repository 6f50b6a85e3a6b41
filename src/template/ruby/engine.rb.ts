/** Runs one template at a time and answers in JSON; see outcome.ts for the shapes. */
export const engineRuby = String.raw`
$LOAD_PATH.concat(Dir.glob('/usr/local/lib/ruby/gems/*/gems/*/lib'))
require 'erb'
require 'json'
require 'ostruct'
require 'shellwords'
require 'time'

# The director has these loaded, so templates use them without require.
{
  YAML: 'yaml', Psych: 'yaml', URI: 'uri', OpenSSL: 'openssl', Digest: 'digest', SecureRandom: 'securerandom', Base64: 'base64',
  CGI: 'cgi', Tempfile: 'tempfile', Pathname: 'pathname', StringIO: 'stringio', FileUtils: 'fileutils', IPAddr: 'ipaddr', Zlib: 'zlib',
}.each { |constant, library| Object.autoload(constant, library) }

# WebAssembly has no sockets; ipaddr asks for no more than these constants.
class Socket
  AF_UNSPEC = 0
  AF_INET = 2
  AF_INET6 = 10
end
class IPSocket; end
class SocketError < StandardError; end
$LOADED_FEATURES << '/usr/local/lib/ruby/site_ruby/socket.rb'
$LOAD_PATH.unshift('/lib')

# ActiveSupport's, which BOSH loads for templates.
class Object
  def blank? = respond_to?(:empty?) ? !!empty? : !self
  def present? = !blank?
  def presence = present? ? self : nil

  def to_yaml(...)
    Object.send(:remove_method, :to_yaml)
    require 'yaml'
    to_yaml(...)
  end
end
class String
  def blank? = match?(/\A[[:space:]]*\z/)
end

module Kernel
  %i[system exec spawn fork ${"`"}].each do |name|
    define_method(name) { |*| raise NotImplementedError, 'a template can run no program' }
  end
end

module Davit
  class << self
    attr_reader :file

    def start(spec_json) = @spec_json = spec_json

    def render(file, source)
      @file = file
      @draws = []
      { content: text(evaluate(source)), draws: @draws }.to_json
    rescue Exception => error # SystemExit and SyntaxError are a template's failures too
      { error: describe(error), draws: @draws }.to_json
    ensure
      @file = nil
    end

    # A template's line, as the one who reads the template counts.
    def line(locations) = locations&.find { |location| location.path == @file }&.lineno

    def drawn(what)
      at = line(caller_locations)
      @draws |= [{ line: at, what: what }] if at
    end

    private

    def evaluate(source)
      context = Bosh::Common::Template.context_class.new(JSON.parse(@spec_json))
      erb = ERB.new(source, trim_mode: '-')
      erb.filename = @file
      erb.result(context.get_binding)
    end

    def text(content)
      content = content.dup.force_encoding(Encoding::UTF_8)
      raise EncodingError, 'the result is not UTF-8 text' unless content.valid_encoding?

      content
    end

    def describe(error)
      case error
      when Bosh::Common::Template::UnknownProperty then failure('property', error).merge(names: error.name, link: error.link)
      when Bosh::Common::Template::UnknownLink then failure('link', error).merge(names: [error.name])
      when SyntaxError then syntax(error)
      else failure('raise', error)
      end
    end

    def failure(kind, error)
      { kind: kind, type: error.class.name, message: error.message.to_s.scrub, line: line(error.backtrace_locations) }
    end

    # The parser shows the Ruby that ERB makes of a template; only its first verdict on each line is kept.
    def syntax(error)
      shown = error.message.scrub.gsub(/\e\[[\d;]*m/, '')
      line = shown[/^> *(\d+) \|/, 1] || shown[/\A\S+?:(\d+):/, 1]
      verdict = shown[/^ +\| +\^~* (.+)$/, 1] || shown.lines.first.sub(/\A\S+?:\d+: /, '').strip
      { kind: 'syntax', type: 'SyntaxError', message: verdict, line: line&.to_i }
    end
  end

  # Each of these makes a template differ from one render to the next.
  module Seedless
    { rand: 'Random.rand', bytes: 'Random.bytes', random_number: 'Random.random_number', urandom: 'SecureRandom' }.each do |name, shown|
      define_method(name) { |*args| Davit.drawn(shown); super(*args) }
    end

    def new(*seed)
      Davit.drawn('Random.new') if seed.empty?
      super
    end
  end
  ::Random.singleton_class.prepend(Seedless)

  module Rand
    def rand(*args)
      Davit.drawn('rand')
      super
    end
  end
  ::Object.prepend(Rand)

  module Shuffle
    %i[shuffle shuffle! sample].each do |name|
      define_method(name) do |*args, **options|
        Davit.drawn(name.to_s) unless options.key?(:random)
        super(*args, **options)
      end
    end
  end
  ::Array.prepend(Shuffle)
end
`;
