/**
 * What a template finds around it: BOSH's helpers and objects (bosh-common's template evaluation context), written anew. Class names are
 * BOSH's where templates rescue them.
 */
export const contextRuby = `
module Bosh
  module Common
    module Template
      class UnknownProperty < StandardError
        attr_reader :name, :link

        def initialize(names, link = nil)
          @name = names
          @link = link
          super("Can't find property '#{names.join("' or '")}'")
        end
      end

      class UnknownLink < StandardError
        attr_reader :name

        def initialize(name)
          @name = name
          super("Can't find link '#{name}'")
        end
      end

      # What if_p and if_link answer when their block ran, and when it did not.
      class Met
        def else = nil
        def else_if_p(*) = self
        def else_if_link(*) = self
      end

      class Unmet
        def initialize(reader) = @reader = reader
        def else = yield
        def else_if_p(*names, &block) = @reader.if_p(*names, &block)
        def else_if_link(name, &block) = @reader.if_link(name, &block)
      end

      # p and if_p over the tree that raw_tree gives; link_name says whose it is.
      # No block is left early (by return, break or find): that unwinds WebAssembly's stack and takes 0.4 ms.
      module PropertyReader
        def p(names = nil, *default)
          names = Array(names)
          found = names.reduce(nil) { |value, name| value.nil? ? PropertyReader.find(raw_tree, name) : value }
          return found unless found.nil?
          return default.first if default.length == 1

          raise UnknownProperty.new(names, link_name)
        end

        def if_p(*names)
          values = names.map { |name| PropertyReader.find(raw_tree, name) }
          return Unmet.new(self) if values.any?(&:nil?)

          yield(*values)
          Met.new
        end

        # Of BOSH's property helper; templates use it to ask without a raise.
        def lookup_property(tree, name) = PropertyReader.find(tree, name)

        def self.find(tree, name)
          name.split('.').reduce(tree) { |node, key| node.nil? ? nil : node[key] }
        end
      end

      class LinkInstance
        include PropertyReader

        def initialize(data, link_name)
          @data = data
          @link_name = link_name
        end

        %w[name index id az address bootstrap properties].each { |key| define_method(key) { @data[key] } }

        private

        attr_reader :link_name

        def raw_tree = @data['properties']
      end

      class Link
        include PropertyReader

        HEALTH = { 'healthy' => 3, 'unhealthy' => 1, 'all' => 4 }.freeze
        CHECK = { 'synchronous' => ['y1'], 'asynchronous' => ['y0'] }.freeze

        attr_reader :instances

        def initialize(name, data)
          @link_name = name
          @data = data
          @instances = (data['instances'] || []).map { |instance| LinkInstance.new(instance, name) }
        end

        def properties = @data['properties']

        # A name for those of the link's instances that the criteria leave; a manual link has one address for all.
        def address(criteria = {})
          query = @data['query']
          return @data['address'] if query.nil?

          zones = (criteria[:azs] || []).map { |az| "a#{query['azs'].fetch(az) { raise "Unknown AZ: '#{az}'" }}" }
          health = "s#{HEALTH.fetch(criteria[:status], 0)}"
          check = CHECK.fetch(criteria[:initial_health_check], [])
          "q-#{[*zones, *query['tokens'], *check, health].sort.join}.#{query['suffix']}"
        end

        private

        attr_reader :link_name

        def raw_tree = @data['properties']
      end

      class ListingOpenStruct < OpenStruct
        def methods(regular = true) = regular ? super : to_h.keys
      end

      class EvaluationContext
        include PropertyReader

        attr_reader :name, :index, :raw_properties

        def initialize(spec)
          @raw_spec = spec
          @raw_properties = spec['properties'] || {}
          @name = spec['name']
          @index = spec['index']
        end

        # Made on first use: most templates use neither, and they are slow to make.
        def spec = @spec ||= unroll(@raw_spec, ListingOpenStruct)
        def properties = @properties ||= unroll(@raw_properties, OpenStruct)

        def link(name)
          data = PropertyReader.find(@raw_spec['links'], name)
          raise UnknownLink.new(name) if data.nil?

          Link.new(name, data)
        end

        def if_link(name)
          data = PropertyReader.find(@raw_spec['links'], name)
          return Unmet.new(self) if data.nil?

          yield Link.new(name, data)
          Met.new
        end

        private

        def raw_tree = @raw_properties
        def link_name = nil

        def unroll(value, struct)
          case value
          when Hash then struct.new(value.transform_values { |item| unroll(item, struct) })
          when Array then value.map { |item| unroll(item, struct) }
          else value
          end
        end
      end

      # Methods and constants that a template defines land in a class of its own, so that no template sees another's.
      def self.context_class
        own = Class.new(EvaluationContext)
        own.set_temporary_name('this template')
        own.class_eval('def get_binding = binding')
        own
      end
    end
  end

  Template = Common::Template
end
`;
